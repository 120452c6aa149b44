// Reads resource types from @aws-cdk/aws-service-spec and prints them in the slim form.
// usage: node extract.mjs FOLDER_WITH_NODE_MODULES TYPE...
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, ...names] = process.argv.slice(2);
const require = createRequire(join(folder, "package.json"));
const database = require("@aws-cdk/aws-service-spec").loadAwsServiceSpecSync();

const SCALARS = { string: "str", integer: "int", number: "num", boolean: "bool" };

/** Definitions of one resource by id, each with a name that no other has. */
class Definitions {
  names = new Map();
  queue = [];

  name(definition) {
    const known = this.names.get(definition.$id);
    if (known) return known;
    const taken = new Set(this.names.values());
    let name = definition.name;
    for (let number = 2; taken.has(name); number += 1) name = `${definition.name}${number}`;
    this.names.set(definition.$id, name);
    this.queue.push(definition);
    return name;
  }
}

/** The slim form of a type; definitions that it names are left in `queue`. */
function slim(type, queue) {
  if (type.type === "string" && type.allowedValues) return { enum: type.allowedValues };
  if (type.type in SCALARS) return SCALARS[type.type];
  switch (type.type) {
    case "array":
      return { list: slim(type.element, queue) };
    case "map":
      return { map: slim(type.element, queue) };
    case "tag":
      return "tag";
    case "ref": {
      const definition = database.get("typeDefinition", type.reference.$ref);
      if (definition.name === "Tag") return "tag";
      return { def: queue.name(definition) };
    }
    case "union":
      return slim(structured(type.types), queue);
    default:
      return "json";
  }
}

/** Of a union, the alternative with the most structure. */
function structured(types) {
  const order = ["array", "ref", "tag", "map", "json", "string"];
  const rank = (type) => (order.indexOf(type.type) + order.length + 1) % (order.length + 1);
  return [...types].sort((a, b) => rank(a) - rank(b))[0];
}

/** The first sentence of a documentation, without links. */
function summary(text = "") {
  const first = text.split(/\n\s*\n|(?<=\.)\s/)[0];
  const plain = first.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/\s+/g, " ");
  return plain.replace(/ (?=[.,;:)](\s|$))/g, "").replace(/\( /g, "(").trim();
}

const byName = ([a], [b]) => (a < b ? -1 : 1);

function properties(source, queue) {
  const entries = Object.entries(source).sort(byName).map(([name, property]) => {
    const entry = { t: slim(property.type, queue) };
    if (property.required) entry.req = true;
    if (property.relationshipRefs) {
      const targets = property.relationshipRefs;
      entry.rel = targets.map((to) => `${to.cloudFormationType}.${to.propertyName}`).sort();
    }
    entry.doc = summary(property.documentation);
    return [name, entry];
  });
  return Object.fromEntries(entries);
}


const all = {};
for (const name of names) {
  const [resource] = database.lookup("resource", "cloudFormationType", "equals", name);
  if (!resource) throw new Error(`unknown type ${name}`);
  const definitions = new Definitions();
  const props = properties(resource.properties, definitions);
  const types = {};
  while (definitions.queue.length > 0) {
    const definition = definitions.queue.shift();
    types[definitions.name(definition)] = {
      doc: summary(definition.documentation),
      props: properties(definition.properties, definitions),
    };
  }
  all[name] = {
    doc: summary(resource.documentation),
    props,
    types: Object.fromEntries(Object.entries(types).sort(byName)),
    attrs: Object.entries(resource.attributes)
      .filter(([attribute]) => !attribute.includes("."))
      .sort(byName)
      .map(([attribute, { documentation }]) => [attribute, summary(documentation)]),
    ref: (resource.cfnRefIdentifier ?? resource.primaryIdentifier ?? []).at(-1) ?? null,
  };
}
process.stdout.write(JSON.stringify(all));
