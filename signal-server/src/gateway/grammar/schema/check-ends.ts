import type {GrammarSchema} from './grammar-schema.ts';
import {schemaInvalid} from './schema-fault.ts';

type Definitions = Readonly<Record<string, GrammarSchema>>;

/**
 * Looks whether some value follows the schema: one that goes on for ever follows none, and a definition that is itself
 * before anything is written is no definition. O(definitions × size).
 *
 * @throws {SchemaFault}
 */
export function checkEnds({
  root,
  definitions,
}: {
  readonly root: GrammarSchema;
  readonly definitions: Definitions;
}): void {
  const all: Definitions = {...definitions, [ROOT]: root};
  checkCircles(all);
  const ending = new Set<string>();
  for (let before = -1; before !== ending.size;) {
    before = ending.size;
    for (const [name, schema] of Object.entries(all)) if (canEnd(schema, ending)) ending.add(name);
  }
  if (!ending.has(ROOT)) throw schemaInvalid('', 'is followed by no value that ends');
}

/** No definition has this name. */
const ROOT = '#';

function targetOf($ref: string): string {
  return $ref === '#' ? ROOT : $ref.slice('#/$defs/'.length);
}

function canEnd(schema: GrammarSchema, ending: ReadonlySet<string>): boolean {
  if ('$ref' in schema) return ending.has(targetOf(schema.$ref));
  if ('anyOf' in schema) return schema.anyOf.some((each) => canEnd(each, ending));
  if (!('type' in schema)) return true;
  if (schema.type === 'array') return (schema.minItems ?? 0) === 0 || canEnd(schema.items, ending);
  if (schema.type !== 'object') return true;
  const {properties = {}, required = []} = schema;
  return required.every((name) => {
    const property = properties[name];
    return property === undefined || canEnd(property, ending);
  });
}

function checkCircles(all: Definitions): void {
  const done = new Set<string>();
  const visit = (name: string, path: ReadonlySet<string>): void => {
    if (path.has(name)) throw schemaInvalid('', 'has a definition that is nothing but itself');
    const schema = all[name];
    if (done.has(name) || schema === undefined) return;
    const inner = new Set([...path, name]);
    for (const target of firstTargets(schema)) visit(target, inner);
    done.add(name);
  };
  for (const name of Object.keys(all)) visit(name, new Set());
}

/** What a value of this schema may be without a character of its own. */
function firstTargets(schema: GrammarSchema): readonly string[] {
  if ('$ref' in schema) return [targetOf(schema.$ref)];
  return 'anyOf' in schema ? schema.anyOf.flatMap(firstTargets) : [];
}
