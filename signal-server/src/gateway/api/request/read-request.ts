import * as z from 'zod';
import {shortText} from '#shared/base/short-text.ts';
import {invalidRequest, unsupportedField, type ApiError} from '../../errors/api-error.ts';
import {checkMarks, checkValues} from './check-values.ts';
import {isUnsupported} from './request-fields.ts';

type Fields = Readonly<Record<string, z.ZodType>>;

/**
 * Reads the JSON body of a request by the schema that the OpenAPI document shows.
 *
 * @throws {ApiError} 400 with the field at fault: of an unknown one its name, of a wrong one what it must be.
 */
export function readRequest<T>(schema: z.ZodType<T>, json: string): T {
  const body = parsed(json);
  const {data, error} = schema.safeParse(body);
  if (error === undefined) return data;
  throw partFault(body, error.issues) ?? faultOf(error.issues, fieldsOf(schema));
}

function parsed(json: string): unknown {
  checkMarks(json);
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch {
    throw invalidRequest('invalid_json', 'The body of the request is not JSON', null);
  }
  checkValues(body);
  return body;
}

function faultOf(issues: readonly z.core.$ZodIssue[], fields: Fields): ApiError {
  const [issue] = issues;
  const place = placeOf(issue);
  if (issue?.code === 'unrecognized_keys') return unsupportedField(place);
  const name = issue?.path[0];
  if (typeof name !== 'string') {
    return invalidRequest('invalid_request', 'The body of the request must be a JSON object', null);
  }
  const mustBe = fields[name]?.meta()?.description;
  if (isUnsupported(mustBe)) return unsupportedField(name);
  if (isUnsupported(issue?.message)) return unsupportedField(place);
  const message = `"${name}" must be ${mustBe ?? 'as the API says'}`;
  return invalidRequest('invalid_value', message, place);
}

/** What is wrong: a field, or a part of one. */
function placeOf(issue: z.core.$ZodIssue | undefined): string {
  const path = (issue?.path ?? []).map(String);
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  return [...path, ...unknown].map((name) => shortText(name)).join('.');
}

/** A content has parts of other types elsewhere. */
function partFault(body: unknown, [issue]: readonly z.core.$ZodIssue[]): ApiError | null {
  const path = issue?.path ?? [];
  if (path[0] !== 'messages' || path[2] !== 'content') return null;
  const content = path.reduce<unknown>(
    (value, key): unknown => Reflect.get(Object(value), key),
    body,
  );
  const type = partSchema.safeParse(content).data?.find((part) => part.type !== 'text')?.type;
  if (type === undefined) return null;
  const param = path.map(String).join('.');
  const message = `"${param}" has a part of type "${shortText(type)}": models here read text only`;
  return invalidRequest('unsupported_content', message, param);
}

const partSchema = z.array(z.looseObject({type: z.string()}));

/** The fields of an object schema, also of one that is refined or read-only. */
function fieldsOf(schema: z.ZodType): Fields {
  if (schema instanceof z.ZodReadonly) {
    const inner: unknown = schema.unwrap();
    return inner instanceof z.ZodType ? fieldsOf(inner) : {};
  }
  return schema instanceof z.ZodObject ? schema.shape : {};
}
