/** A schema that the grammar library understands as JSON Schema does: every keyword of it is followed. */
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
  | {
      readonly type: 'number' | 'integer';
      readonly minimum?: number;
      readonly maximum?: number;
      readonly exclusiveMinimum?: number;
      readonly exclusiveMaximum?: number;
    }
  | {readonly type: 'boolean' | 'null'}
  /** Any value. */
  | {readonly type?: never};

export type RootSchema = GrammarSchema & {
  readonly $defs?: Readonly<Record<string, GrammarSchema>>;
};
