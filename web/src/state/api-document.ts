/** A JSON Schema, as far as forms have a use for it. */
export interface Schema {
  $ref?: string;
  type?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
}

/** What the API says of itself while it runs, so that a form has every setting that there is. */
export class ApiDocument {
  private loaded: Promise<Record<string, Schema>> | null = null;

  constructor(private readonly base: URL) {}

  /** A schema by its name, with what it refers to put in place; null if there is none. */
  async schema(name: string): Promise<Schema | null> {
    this.loaded ??= this.load();
    const schemas = await this.loaded;
    const found = schemas[name];
    return found ? resolved(found, schemas) : null;
  }

  private async load(): Promise<Record<string, Schema>> {
    const response = await fetch(new URL('openapi.json', this.base));
    const document = (await response.json()) as { components?: { schemas?: Record<string, Schema> } };
    return document.components?.schemas ?? {};
  }
}

/** References replaced by what they refer to, and `X or null` by X: a form leaves out what is not given. */
export function resolved(schema: Schema, schemas: Record<string, Schema>): Schema {
  const { anyOf, $ref, ...rest } = schema;
  if ($ref) {
    const target = schemas[$ref.replace(/^.*\//, '')];
    return { ...(target ? resolved(target, schemas) : {}), ...rest };
  }
  const kinds = anyOf?.filter((kind) => kind.type !== 'null') ?? [];
  if (kinds.length === 1 && kinds[0]) return { ...resolved(kinds[0], schemas), ...rest };
  const made: Schema = { ...rest };
  if (kinds.length > 1) made.anyOf = kinds.map((kind) => resolved(kind, schemas));
  if (schema.properties) {
    made.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, resolved(property, schemas)]),
    );
  }
  if (schema.items) made.items = resolved(schema.items, schemas);
  return made;
}
