/// <reference types="node" />
// The entry of every `npm run …`: works on a machine where nothing is installed.
// Old Nodes must be able to read this file to the end, or they print a syntax
// error instead of the sentence below: no newer syntax here, no static import.
const version = process.versions.node;

if (Number(version.split('.')[0]) < 20) {
  process.stderr.write(
    'Weft needs Node 20 or newer to start and this is Node ' +
      version +
      '; install Node 22 from https://nodejs.org and run the command again\n',
  );
  process.exitCode = 1;
} else {
  void import('../machine/run-command.mjs').then(function (module) {
    return module.runCommand(process.argv.slice(2));
  });
}
