import {WeftError} from '#shared/base/errors.ts';

type Detail = {
  readonly code: 'SCHEMA_INVALID' | 'SCHEMA_UNSUPPORTED' | 'SCHEMA_TOO_LARGE';
  /** Where in the schema, as a JSON pointer; empty: the whole of it. */
  readonly pointer: string;
};

/** What keeps a schema from being followed token by token. */
export class SchemaFault extends WeftError<Detail> {
  override readonly name = 'SchemaFault';
}

export function schemaInvalid(pointer: string, what: string): SchemaFault {
  return new SchemaFault({code: 'SCHEMA_INVALID', pointer}, `${at(pointer)} ${what}`);
}

export function schemaUnsupported(pointer: string, what: string): SchemaFault {
  return new SchemaFault({code: 'SCHEMA_UNSUPPORTED', pointer}, `${at(pointer)} ${what}`);
}

export function schemaTooLarge(pointer: string, what: string): SchemaFault {
  return new SchemaFault({code: 'SCHEMA_TOO_LARGE', pointer}, `${at(pointer)} ${what}`);
}

const MOST_SHOWN = 120;

function at(pointer: string): string {
  if (pointer === '') return 'The schema';
  const shown = pointer.length > MOST_SHOWN ? `${pointer.slice(0, MOST_SHOWN)}…` : pointer;
  return `The schema at "${shown}"`;
}
