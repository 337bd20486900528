import type {OwnSchema} from '../own-rules/own-schema.ts';

/** A schema that is followed in all that it says: but for what is our own, the grammar library understands it as JSON Schema does. */
export type GrammarSchema =
  | {readonly enum: readonly unknown[]}
  | {readonly anyOf: readonly GrammarSchema[]}
  | {readonly $ref: string}
  | {
      readonly type: 'object';
      readonly properties?: Readonly<Record<string, GrammarSchema>>;
      readonly required?: readonly string[];
      readonly additionalProperties: GrammarSchema | false;
    }
  | {
      readonly type: 'array';
      readonly items: GrammarSchema;
      readonly minItems?: number;
      readonly maxItems?: number;
    }
  | {
      readonly type: 'string';
      /** Of the whole text as JSON writes it. */
      readonly pattern?: string;
    }
  | OwnSchema
  | {readonly type: 'number' | 'integer' | 'boolean' | 'null'}
  /** Any value. */
  | {readonly type?: never};

export type RootSchema = GrammarSchema & {
  readonly $defs?: Readonly<Record<string, GrammarSchema>>;
};
