import type {Command, CommandOption} from './command.ts';

const COLUMNS = 100;

type Row = readonly [name: string, meaning: string];

/** What `--help` prints: how to start the command, what it does, and every option with its meaning. */
export function helpText(command: Command): string {
  const {purpose, operands, options, tables = []} = command;
  const optionRows = Object.entries(options).map(([name, option]): Row => [
    `--${name}${option.value === undefined ? '' : ` ${option.value}`}`,
    meaningOf(option),
  ]);
  const parts = [
    usageOf(command),
    wrap(purpose, 0),
    operands === null ? '' : tableOf('Operands', [[operands.name, operands.meaning]]),
    tableOf('Options', [...optionRows, ['--help', 'shows this text']]),
    ...tables.map(({title, rows}) => tableOf(title, rows)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** How a command is called, in one line: `npm run swarm -- SCENARIO.json [options]`. */
export function usageOf({start, operands, options}: Command): string {
  const operand = operands === null ? '' : operandOf(operands);
  const optional = Object.keys(options).length === 0 ? '' : ' [options]';
  const separator = operand === '' && optional === '' ? '' : ' --';
  return `Usage: ${start}${separator}${operand}${optional}`;
}

function operandOf({name, count}: NonNullable<Command['operands']>): string {
  return count === 'one' ? ` ${name}` : ` [${name}…]`;
}

function meaningOf({meaning, default: otherwise}: CommandOption): string {
  return typeof otherwise === 'string' ? `${meaning} (default: ${otherwise})` : meaning;
}

function tableOf(title: string, rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 4;
  const lines = rows.map(([name, meaning]) => `  ${name.padEnd(width - 2)}${wrap(meaning, width)}`);
  return [`${title}:`, ...lines].join('\n');
}

/** Breaks a text into lines of at most 100 columns; all but the first are indented. */
function wrap(text: string, indent: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    const longer = line === '' ? word : `${line} ${word}`;
    if (indent + longer.length > COLUMNS && line !== '') lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
