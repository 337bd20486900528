import type {Followed} from '../../answers/ask-choices.ts';
import {invalidRequest, schemaRefused} from '../../errors/api-error.ts';
import type {RootSchema} from '../../grammar/schema/grammar-schema.ts';
import {checkSize} from '../../grammar/schema/check-size.ts';
import {ReadingWork} from '../../grammar/schema/reading-work.ts';
import {readSchema} from '../../grammar/schema/read-schema.ts';
import {SchemaFault, schemaTooLarge} from '../../grammar/schema/schema-fault.ts';
import type {ChatRequest} from './chat-request.ts';
import {readToolChoice} from './tool-choice.ts';

/**
 * What the answers of a chat request follow.
 *
 * @throws {ApiError} 400 for a schema that cannot be followed.
 */
export function followedBy(request: ChatRequest): Followed {
  const tools = request.tool_choice === 'none' ? [] : (request.tools ?? []);
  const schema = schemaOf(request.response_format);
  if (tools.length === 0) return schema === null ? {kind: 'nothing'} : {kind: 'schema', schema};
  if (schema !== null) {
    const message = '"response_format" beside "tools" is not supported here: leave out one of them';
    throw invalidRequest('unsupported_parameter', message, 'response_format');
  }
  return followedTools(request, tools);
}

function schemaOf(format: ChatRequest['response_format']): RootSchema | null {
  switch (format?.type) {
    case 'json_schema':
      return read(format.json_schema.schema, 'response_format', new ReadingWork());
    case 'json_object':
      return read({type: 'object'}, 'response_format', new ReadingWork());
    default:
      return null;
  }
}

type AskedTool = NonNullable<ChatRequest['tools']>[number];

/** Of the parameters of all tools, as JSON. */
const MOST_CHARACTERS = 256_000;

const NO_ARGUMENTS = {type: 'object', properties: {}, additionalProperties: false};

function followedTools(
  {tool_choice: choice, parallel_tool_calls: mayBeSeveral}: ChatRequest,
  tools: readonly AskedTool[],
): Followed {
  const known = tools.map(({function: {name, description, parameters}}) => ({
    name,
    ...(description != null && {description}),
    parameters: parameters ?? NO_ARGUMENTS,
  }));
  checkTogether(known);
  const {names, isRequired, isParallel} = readToolChoice(choice);
  const work = new ReadingWork();
  // Of those that may not be called too: the template shows them all.
  const callable = known
    .map(({name, parameters}) => ({name, parameters: argumentsOf(name, parameters, work)}))
    .filter(({name}) => names === null || names.includes(name));
  return {
    kind: 'tools',
    tools: known,
    callable,
    isRequired,
    isParallel: isParallel && mayBeSeveral !== false,
  };
}

/** Each may be as large as a schema may be; all together are not. */
function checkTogether(tools: readonly {readonly parameters: unknown}[]): void {
  refusing('tools', () => {
    // Nothing goes through them by recursion before they are known to be no deeper than they may be.
    for (const {parameters} of tools) checkSize(parameters);
    const count = tools.reduce((sum, {parameters}) => sum + JSON.stringify(parameters).length, 0);
    if (count <= MOST_CHARACTERS) return;
    throw schemaTooLarge('', `has, in all tools, more than ${MOST_CHARACTERS} characters`);
  });
}

function argumentsOf(name: string, parameters: unknown, work: ReadingWork): RootSchema {
  const schema = read(parameters, 'tools', work);
  if ('type' in schema && schema.type === 'object') return schema;
  const message = `The parameters of "${name}" must be the schema of an object`;
  throw invalidRequest('invalid_schema', message, 'tools');
}

/** @param work what is left of it for the schemas of the request. */
function read(schema: unknown, param: string, work: ReadingWork): RootSchema {
  return refusing(param, () => readSchema(schema, work));
}

/** @param param the field of the request that a schema is a part of. */
function refusing<T>(param: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof SchemaFault ? schemaRefused(error, param) : error;
  }
}
