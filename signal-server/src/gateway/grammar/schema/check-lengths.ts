import type {GrammarSchema, RootSchema} from './grammar-schema.ts';
import type {ReadingWork} from './reading-work.ts';
import {schemaTooLarge} from './schema-fault.ts';

/** A text is counted in each of them at once, for each token. */
const MOST_LENGTHS = 8;
/** Of one schema that is looked at. */
const STEPS = 20;

/**
 * Looks in how many lengths one text may have to be counted: where a value may follow several schemas, all of them are
 * followed until it shows which it is.
 *
 * @param root it ends: no definition is only itself.
 * @throws {SchemaFault} when they are too many.
 */
export function checkLengths(root: RootSchema, work: ReadingWork): void {
  const schemas = new Alternatives(root);
  const known = new Set<string>();
  const open: (readonly GrammarSchema[])[] = [[schemas.root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const meant = schemas.meantBy(next);
    const all = [...meant].filter((each) => !('anyOf' in each || '$ref' in each));
    work.spend(STEPS * (meant.size + sizeOfGroups(all)));
    const key = schemas.keyOf(all);
    if (known.has(key)) continue;
    known.add(key);
    const lengths = all.flatMap((each) => ('length' in each ? [JSON.stringify(each.length)] : []));
    if (new Set(lengths).size > MOST_LENGTHS) {
      throw schemaTooLarge(
        '',
        `has alternatives in which one text may have more than ${MOST_LENGTHS} different lengths: let them have the same "minLength" and "maxLength"`,
      );
    }
    open.push(all.flatMap(itemsOf), ...groupsOf(all).flatMap(propertiesOf));
  }
}

/** The schemas of a root, by whichever name they are called. */
class Alternatives {
  readonly root: GrammarSchema;
  readonly #definitions: Readonly<Record<string, GrammarSchema>>;
  readonly #ids = new Map<GrammarSchema, number>();

  constructor({$defs = {}, ...root}: RootSchema) {
    this.root = root;
    this.#definitions = $defs;
  }

  /** These, and whatever they refer to: each once, in however many ways it is meant. */
  meantBy(schemas: readonly GrammarSchema[]): ReadonlySet<GrammarSchema> {
    const meant = new Set(schemas);
    // What is added here comes, too.
    for (const schema of meant) for (const each of this.#next(schema)) meant.add(each);
    return meant;
  }

  #next(schema: GrammarSchema): readonly GrammarSchema[] {
    if ('anyOf' in schema) return schema.anyOf;
    if (!('$ref' in schema)) return [];
    const name = schema.$ref.slice('#/$defs/'.length);
    const target = schema.$ref === '#' ? this.root : this.#definitions[name];
    return target === undefined ? [] : [target];
  }

  /** The same for the same schemas. */
  keyOf(schemas: readonly GrammarSchema[]): string {
    const ids = schemas.map((schema) => {
      const id = this.#ids.get(schema) ?? this.#ids.size;
      this.#ids.set(schema, id);
      return id;
    });
    return ids.toSorted((one, other) => one - other).join();
  }
}

type ObjectSchema = Extract<GrammarSchema, {readonly type: 'object'}>;

const isObject = (schema: GrammarSchema): schema is ObjectSchema =>
  'type' in schema && schema.type === 'object';

function itemsOf(schema: GrammarSchema): readonly GrammarSchema[] {
  return 'type' in schema && schema.type === 'array' ? [schema.items] : [];
}

/** Objects that may be followed at once when their first property is known: most alternatives differ in that. */
function groupsOf(schemas: readonly GrammarSchema[]): readonly (readonly ObjectSchema[])[] {
  const objects = schemas.filter(isObject);
  const others = objects.filter((each) => firstValues(each) === null);
  const byValue = new Map<string, ObjectSchema[]>();
  for (const each of objects) {
    for (const value of firstValues(each) ?? []) {
      byValue.set(value, [...(byValue.get(value) ?? others), each]);
    }
  }
  return byValue.size === 0 ? [others] : [...byValue.values()];
}

/** How many objects all of these groups have, before they are made. */
function sizeOfGroups(schemas: readonly GrammarSchema[]): number {
  const begins = schemas.filter(isObject).map((each) => firstValues(each)?.length ?? 0);
  const otherCount = begins.filter((count) => count === 0).length;
  return begins.reduce((sum, count) => sum + count * (1 + otherCount), 0);
}

/** How an object may begin, where that is counted; `null`: in any other way. */
function firstValues({properties = {}, required = []}: ObjectSchema): readonly string[] | null {
  const [name, first] = Object.entries(properties)[0] ?? [];
  if (name === undefined || first === undefined || !('enum' in first)) return null;
  return required.includes(name) ? first.enum.map((value) => JSON.stringify([name, value])) : null;
}

/** Of each property, what its value may follow. */
function propertiesOf(objects: readonly ObjectSchema[]): readonly (readonly GrammarSchema[])[] {
  const byName = new Map<string, GrammarSchema[]>();
  const others: GrammarSchema[] = [];
  for (const {properties = {}, additionalProperties} of objects) {
    if (additionalProperties !== false) others.push(additionalProperties);
    for (const [name, schema] of Object.entries(properties)) {
      byName.set(name, [...(byName.get(name) ?? []), schema]);
    }
  }
  return [others, ...[...byName.values()].map((schemas) => [...schemas, ...others])];
}
