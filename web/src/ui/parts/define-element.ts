/**
 * Lit's `customElement`, but for a name that is taken: the widget may be on a page that has these
 * elements already, and then uses those.
 */
export const defineElement =
  (name: string) =>
  (element: CustomElementConstructor): void => {
    if (customElements.get(name) === undefined) customElements.define(name, element);
  };
