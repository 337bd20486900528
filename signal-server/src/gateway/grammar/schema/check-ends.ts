import type {GrammarSchema} from './grammar-schema.ts';
import type {ReadingWork} from './reading-work.ts';
import {schemaInvalid} from './schema-fault.ts';

type Definitions = Readonly<Record<string, GrammarSchema>>;

/** Of one schema that is looked at. */
const STEPS = 2;

/**
 * Looks whether some value follows the schema: one that goes on for ever follows none, and a definition that is itself
 * before anything is written is no definition. O(definitions × size), as far as there is work left.
 *
 * @throws {SchemaFault}
 */
export function checkEnds(
  {root, definitions}: {readonly root: GrammarSchema; readonly definitions: Definitions},
  work: ReadingWork,
): void {
  const all: Definitions = {...definitions, [ROOT]: root};
  checkCircles(all);
  const open = new Map(Object.entries(all));
  const ending = new Ending(work);
  for (let before = Infinity; open.size < before;) {
    before = open.size;
    for (const [name, schema] of open) {
      if (!ending.canEnd(schema)) continue;
      ending.names.add(name);
      open.delete(name);
    }
  }
  if (open.has(ROOT)) throw schemaInvalid('', 'is followed by no value that ends');
}

/** No definition has this name. */
const ROOT = '#';

function targetOf($ref: string): string {
  return $ref === '#' ? ROOT : $ref.slice('#/$defs/'.length);
}

class Ending {
  /** Definitions that some value follows. */
  readonly names = new Set<string>();
  readonly #work: ReadingWork;

  constructor(work: ReadingWork) {
    this.#work = work;
  }

  canEnd(schema: GrammarSchema): boolean {
    this.#work.spend(STEPS);
    if ('$ref' in schema) return this.names.has(targetOf(schema.$ref));
    if ('anyOf' in schema) return schema.anyOf.some((each) => this.canEnd(each));
    if (!('type' in schema)) return true;
    if (schema.type === 'array') return (schema.minItems ?? 0) === 0 || this.canEnd(schema.items);
    if (schema.type !== 'object') return true;
    const {properties = {}, required = []} = schema;
    return required.every((name) => {
      const property = properties[name];
      return property === undefined || this.canEnd(property);
    });
  }
}

function checkCircles(all: Definitions): void {
  const done = new Set<string>();
  const path = new Set<string>();
  const visit = (name: string): void => {
    if (path.has(name)) throw schemaInvalid('', 'has a definition that is nothing but itself');
    const schema = all[name];
    if (done.has(name) || schema === undefined) return;
    path.add(name);
    for (const target of firstTargets(schema)) visit(target);
    path.delete(name);
    done.add(name);
  };
  for (const name of Object.keys(all)) visit(name);
}

/** What a value of this schema may be without a character of its own. */
function firstTargets(schema: GrammarSchema): readonly string[] {
  if ('$ref' in schema) return [targetOf(schema.$ref)];
  return 'anyOf' in schema ? schema.anyOf.flatMap(firstTargets) : [];
}
