import {WeftError} from '#shared/base/errors.ts';
import {shortText} from '#shared/base/short-text.ts';

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

/** Several names in each other. */
const MOST_SHOWN_OF_PLACE = 120;

function at(pointer: string): string {
  return pointer === ''
    ? 'The schema'
    : `The schema at "${shortText(pointer, MOST_SHOWN_OF_PLACE)}"`;
}
