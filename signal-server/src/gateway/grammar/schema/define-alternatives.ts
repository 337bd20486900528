import type {OwnRules} from '../own-rules/own-rules.ts';
import type {OwnSchema} from '../own-rules/own-schema.ts';
import type {GrammarSchema, RootSchema} from './grammar-schema.ts';

/**
 * The same schema, in which every value and every alternative has a definition of its own. The library writes
 * alternatives that have none as one rule, and where many of them begin alike that rule allows others, too.
 *
 * @param own marks what has rules of ours.
 */
export function defineAlternatives({$defs = {}, ...root}: RootSchema, own: OwnRules): RootSchema {
  const defining = new Definitions(own);
  const defined = defining.within(root);
  const others = Object.entries($defs).map(
    ([name, schema]) => [name, defining.within(schema)] as const,
  );
  const all = {...Object.fromEntries(others), ...defining.all()};
  return Object.keys(all).length === 0 ? defined : {...defined, $defs: all};
}

class Definitions {
  readonly #own: OwnRules;
  /** Each once, by what it says. */
  readonly #names = new Map<string, string>();
  readonly #all: Record<string, GrammarSchema> = {};

  constructor(own: OwnRules) {
    this.#own = own;
  }

  all(): Readonly<Record<string, GrammarSchema>> {
    return this.#all;
  }

  within(schema: GrammarSchema): GrammarSchema {
    if ('enum' in schema) {
      return this.#anyOf(schema.enum.map((value) => ({enum: [value]})));
    }
    if ('anyOf' in schema) return this.#anyOf(schema.anyOf.map((each) => this.within(each)));
    if (isOwn(schema)) return this.#define(schema);
    if (!('type' in schema)) return schema;
    if (schema.type === 'array') return {...schema, items: this.within(schema.items)};
    if (schema.type !== 'object') return schema;
    const {properties, required, additionalProperties} = schema;
    return {
      ...schema,
      ...(properties !== undefined && {
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, each]) => [
            this.#own.markName(name),
            this.within(each),
          ]),
        ),
      }),
      ...(required !== undefined && {required: required.map((name) => this.#own.markName(name))}),
      additionalProperties:
        additionalProperties === false ? false : this.within(additionalProperties),
    };
  }

  #anyOf(alternatives: readonly GrammarSchema[]): GrammarSchema {
    return {anyOf: alternatives.map((each) => this.#define(each))};
  }

  #define(schema: GrammarSchema): GrammarSchema {
    if ('$ref' in schema) return schema;
    const text = JSON.stringify(schema);
    const known = this.#names.get(text);
    const name = known ?? `v_${this.#names.size}`;
    if (known === undefined) {
      this.#names.set(text, name);
      this.#all[name] = isOwn(schema) ? {enum: [this.#own.mark(schema)]} : schema;
    }
    return {$ref: `#/$defs/${name}`};
  }
}

function isOwn(schema: GrammarSchema): schema is OwnSchema {
  return 'range' in schema || 'length' in schema;
}
