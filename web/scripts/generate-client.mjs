// Writes the types of the API from its OpenAPI document, which comes on standard input. With --check it only
// compares them with the file, and fails when they differ.
import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const FILE = fileURLToPath(new URL('../src/api/schema.d.ts', import.meta.url));
const HEADER = '// Made by `make client` from the OpenAPI document of the API; not to be edited.\n\n';

/**
 * What bears on types: titles and texts are left out. The data of an event is JSON in a string, and its type that of
 * what the string holds.
 */
function typed(value) {
  if (Array.isArray(value)) return value.map(typed);
  if (value === null || typeof value !== 'object') return value;
  if (value.contentSchema) return typed(value.contentSchema);
  const kept = Object.entries(value).filter(([name, item]) => !isText(name, item));
  return Object.fromEntries(kept.map(([name, item]) => [name, typed(item)]));
}

/** A property may be called `title` too: then it is an object. */
function isText(name, value) {
  return ['title', 'summary', 'description'].includes(name) && typeof value === 'string';
}

const document = JSON.parse(await text(process.stdin));
const types =
  HEADER + astToString(await openapiTS(typed(document), { alphabetize: true, defaultNonNullable: false }));

if (!process.argv.includes('--check')) {
  await writeFile(FILE, types);
} else if (types !== (await readFile(FILE, 'utf8').catch(() => ''))) {
  console.error('web/src/api/schema.d.ts differs from what the API says; run `make client` and commit it');
  process.exit(1);
}
