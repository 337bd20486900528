import type {Plugin} from 'vite';

/** What a browser takes for the text of a page that says nothing. */
const REM_PX = 16;

/** Gives the widget's styles sizes of their own: `rem` is a size that the page around it chooses. */
export function pixelsForRem(): Plugin {
  return {
    name: 'pixels-for-rem',
    enforce: 'post',
    transform: {
      filter: {id: /\/web\/src\/ui\//u},
      handler: (code) => withPixels(code),
    },
  };
}

export function withPixels(css: string): string {
  return css.replaceAll(
    /(?<![\w.])(\d*\.?\d+)rem\b/gu,
    (_, rem: string) => `${Number(rem) * REM_PX}px`,
  );
}
