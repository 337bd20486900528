import {Ajv2020} from 'ajv/dist/2020.js';
import {fullFormats} from 'ajv-formats/dist/formats.js';

/** Whether a text is JSON that follows a schema, by the word of another library. */
export function schemaCheck(schema: object): (text: string) => boolean {
  const checked: unknown = JSON.parse(comparable(JSON.stringify(schema)));
  const follows = new Ajv2020({
    strict: false,
    formats: fullFormats,
    // A property may be called as what every object has.
    ownProperties: true,
  }).compile(Object(checked));
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(comparable(text));
    } catch {
      return false;
    }
    return follows(value);
  };
}

/** Ajv compares two objects by calling what they have under these names, whatever it is. */
const CALLED = /"(?:toString|valueOf)"/gu;

const comparable = (json: string): string => json.replaceAll(CALLED, (name) => name.toUpperCase());
