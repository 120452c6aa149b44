"""Adds to the slim form what only cfn-lint knows, and prints the result.

usage: merge.py CFN_LINT_SCHEMAS SLIM_JSON PATCHES_JSON

From cfn-lint come string enums, bounds, the permissions that each handler needs, and the types of
AWS SAM, which borrow everything that they share with the types that SAM expands to.
"""

import json
import sys
from pathlib import Path

BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern")
POLICIES = ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy", "ResourcePolicyDocument")
HANDLERS = ("create", "read", "update", "delete")


def views(node, root):
    """Every schema node that constrains the same value: references, alternatives."""
    yield node
    if node.get("$ref", "").startswith("#/definitions/"):
        yield from views(root["definitions"][node["$ref"].split("/")[-1]], root)
    for key in ("oneOf", "anyOf", "allOf"):
        for member in node.get(key, []):
            yield from views(member, root)


def children(nodes, name, root):
    found = (node["properties"][name] for node in nodes if name in node.get("properties", {}))
    return [view for node in found for view in views(node, root)]


def elements(nodes, root):
    """The nodes of a list's elements. Some of cfn-lint's patches leave them on the list itself."""
    found = [node["items"] for node in nodes if isinstance(node.get("items"), dict)]
    return [view for node in found for view in views(node, root)] + nodes


def enum_of(nodes):
    for node in nodes:
        values = node.get("enum")
        if values and all(isinstance(value, str) for value in values):
            return values
    return None


def bounds_of(nodes):
    bounds = {}
    for node in nodes:
        for key in BOUNDS:
            if key in node:
                bounds.setdefault(key, node[key])
    return bounds


def add_constraints(props, nodes, types, root, seen):
    for name, prop in props.items():
        own = children(nodes, name, root)
        inner = elements(own, root)
        is_list = isinstance(prop["t"], dict) and "list" in prop["t"]
        element = prop["t"]["list"] if is_list else prop["t"]
        if element == "str":
            constrained = inner if is_list else own
            values = enum_of(constrained)
            bounds = bounds_of(own) if is_list else {}
            bounds |= bounds_of(constrained)
            if values:
                prop["t"] = {"list": {"enum": values}} if is_list else {"enum": values}
                bounds.pop("pattern", None)
            prop.update(bounds)
        else:
            kept = ("minItems", "maxItems") if is_list else BOUNDS
            prop.update({k: v for k, v in bounds_of(own).items() if k in kept})
        target = element.get("def") if isinstance(element, dict) else None
        if target and target not in seen:
            inside = inner if is_list else own
            add_constraints(types[target]["props"], inside, types, root, seen | {target})


class Sam:
    """Understands cfn-lint's schema of one type of AWS SAM."""

    def __init__(self, root, lenders, kept_events):
        self.root, self.lenders, self.kept = root, lenders, kept_events
        self.types = {}

    def lent(self, name):
        """A definition of the types that SAM expands to, with what it names itself."""
        for lender in self.lenders:
            if name in lender["types"]:
                return lender, lender["types"][name]
        return None, None

    def take(self, name, lender):
        """Copies a definition and, over its properties, every definition that it needs."""
        if name not in self.types:
            self.types[name] = lender["types"][name]
            for prop in self.types[name]["props"].values():
                for needed in definitions(prop["t"]):
                    self.take(needed, lender)

    def type(self, node, hint):
        if "allOf" in node and len(node["allOf"]) == 1:
            return self.type(node["allOf"][0], hint)
        if "$ref" in node:
            return self.reference(node["$ref"].split("/")[-1])
        if "anyOf" in node:
            # "object" stands for an intrinsic function.
            members = [n for n in node["anyOf"] if n != {"type": "object"}]
            if hint == "Events":
                members = [n for n in members if n.get("$ref", "").split("/")[-1] in self.kept]
            return self.union([self.type(n, hint) for n in members])
        if "properties" in node:
            return self.define(hint, node)
        if "enum" in node:
            return {"enum": node["enum"]}
        if node.get("type") == "array":
            return {"list": self.type(node["items"], hint)}
        if node.get("type") == "object" and isinstance(node.get("additionalProperties"), dict):
            return {"map": self.type(node["additionalProperties"], hint)}
        # SAM's schema says "number" where CloudFormation has integers.
        scalars = {"string": "str", "integer": "int", "number": "int", "boolean": "bool"}
        return scalars.get(node.get("type") if isinstance(node.get("type"), str) else None, "json")

    def reference(self, name):
        if name == "PassThroughProp":
            return "json"
        if name == "Ref":
            return "str"
        short = name.split(".")[-1]
        if short in self.types:
            return {"def": short}
        lender, _ = self.lent(short)
        if lender and "." in name:
            self.take(short, lender)
            return {"def": short}
        return self.define(short, self.root["definitions"][name])

    def union(self, alternatives):
        unique = [a for i, a in enumerate(alternatives) if a not in alternatives[:i]]
        if "int" in unique:
            return "int"
        return unique[0] if len(unique) == 1 else {"union": unique}

    def define(self, name, node):
        if name in self.types:
            missing = set(node["properties"]) - set(self.types[name]["props"])
            if missing:
                raise SystemExit(f"two definitions are called {name}: {sorted(missing)}")
            return {"def": name}
        self.types[name] = {"doc": "", "props": {key: {} for key in node["properties"]}}
        self.types[name]["props"] = self.properties(node, name)
        return {"def": name}

    def properties(self, node, owner):
        props = {}
        for name, child in sorted(node["properties"].items()):
            if name in ("Arn", "SnapStartResponse") and owner == "":
                continue
            prop = self.borrow(name, child, owner) or {"t": self.type(child, name), "doc": ""}
            values = prop["t"].get("enum") if isinstance(prop["t"], dict) else None
            if name == "Type" and values and len(values) == 1 and owner.endswith("Event"):
                prop["t"] = {"const": values[0]}
            if name in node.get("required", []):
                prop["req"] = True
            props[name] = {**prop, **bounds_of(list(views(child, self.root)))}
        return props

    def borrow(self, name, child, owner):
        """The property of the same name in the type that SAM makes of this one."""
        for lender in self.lenders:
            places = [lender["props"]] if owner in ("", lender["sam"]) else []
            places += [lender["types"][owner]["props"]] if owner in lender["types"] else []
            for place in places:
                if name not in place or "union" in str(child):
                    continue
                prop = {k: v for k, v in place[name].items() if k != "req"}
                if self.fits(child, prop["t"], name) and self.covers(lender, prop["t"], child):
                    for needed in definitions(prop["t"]):
                        self.take(needed, lender)
                    return prop
        return None

    def covers(self, lender, borrowed, child):
        """Whether a borrowed definition has every property that SAM's own has."""
        for target in definitions(borrowed):
            props = lender["types"][target]["props"]
            for node in views(child, self.root):
                for name, inner in node.get("properties", {}).items():
                    if name not in props or not self.covers(lender, props[name]["t"], inner):
                        return False
        return True

    def fits(self, child, borrowed, name):
        own = Sam(self.root, self.lenders, self.kept).type(child, name)
        shape = lambda t: next(iter(t)) if isinstance(t, dict) else t
        alike = ("str", "enum", "int", "num")
        if own in ("json", {"def": name}):
            return name not in ("Policies", "Tags")
        if shape(own) == shape(borrowed) == "list":
            own, borrowed = own["list"], borrowed["list"]
        return shape(own) == shape(borrowed) or (shape(own) in alike and shape(borrowed) in alike)


def definitions(slim):
    """The definitions that a slim type names."""
    if isinstance(slim, str):
        return []
    (key, value), = slim.items()
    if key == "def":
        return [value]
    if key == "union":
        return [name for member in value for name in definitions(member)]
    return definitions(value) if key in ("list", "map") else []


def reachable(props, types):
    """Without the definitions that nothing names."""
    kept, left = set(), [name for prop in props.values() for name in definitions(prop["t"])]
    while left:
        name = left.pop()
        if name not in kept:
            kept.add(name)
            left += [n for p in types[name]["props"].values() for n in definitions(p["t"])]
    return {name: types[name] for name in sorted(kept)}


def add_serverless(spec, folder, patches):
    provider = json.loads((folder / "providers/sam.json").read_text())
    for name, patch in patches["serverless"].items():
        root = json.loads((folder / f"resources/{provider[name]}.json").read_text())
        lenders = [{**spec[lender], "sam": sam} for lender, sam in patch["like"].items()]
        sam = Sam(root, json.loads(json.dumps(lenders)), patch["events"])
        props = sam.properties(root, "")
        first = next(iter(patch["like"]))
        spec[name] = {
            "doc": patch["doc"],
            "props": props,
            "types": sam.types,
            "attrs": spec[first]["attrs"],
            "ref": spec[first]["ref"],
            "kinds": first,
            "perms": sorted({action for lender in lenders for action in lender["perms"]}),
        }


def apply(spec, patches):
    for name, patch in patches["resources"].items():
        resource = spec[name]
        resource.update({k: v for k, v in patch.items() if k in ("attrs", "ref", "doc")})
        resource["types"].update(patch.get("types", {}))
        for path, change in patch.get("props", {}).items():
            owner, _, prop = path.rpartition(".")
            place = resource["types"][owner]["props"] if owner else resource["props"]
            merged = {**place.get(prop, {"doc": ""}), **change}
            place[prop] = {k: v for k, v in merged.items() if v is not None}
            if change.get("t"):
                for bound in BOUNDS:
                    if bound not in change:
                        place[prop].pop(bound, None)


def all_props(resource):
    yield from resource["props"].items()
    for definition in resource["types"].values():
        yield from definition["props"].items()


def finish(spec, patches):
    for name in sorted(spec):
        resource = spec[name]
        for prop_name, prop in all_props(resource):
            if prop_name in POLICIES and prop["t"] == "json":
                prop["t"] = "policy"
            if "rel" in prop:
                targets = {patches["same"].get(target, target) for target in prop["rel"]}
                prop["rel"] = sorted(t for t in targets if t.rpartition(".")[0] in spec)
                if not prop["rel"]:
                    del prop["rel"]
        resource["types"] = reachable(resource["props"], resource["types"])


def render(spec):
    """JSON with a property on each line, so that a refresh can be read."""
    one = lambda value: json.dumps(value, ensure_ascii=False)
    block = lambda entries, pad: ",\n".join(f"{pad}{one(k)}: {one(v)}" for k, v in entries.items())
    resources = []
    for name in sorted(spec):
        r = spec[name]
        parts = [f'  "doc": {one(r["doc"])}', f'  "ref": {one(r["ref"])}', f'  "attrs": {one(r["attrs"])}']
        parts += [f'  "kinds": {one(r["kinds"])}'] if "kinds" in r else []
        parts += [f'  "perms": {one(r["perms"])}'] if "perms" in r else []
        parts.append('  "props": {\n' + block(r["props"], "   ") + "\n  }")
        types = [
            f'   {one(n)}: {{"doc": {one(t["doc"])}, "props": {{\n' + block(t["props"], "    ") + "\n   }}"
            for n, t in r["types"].items()
        ]
        parts.append('  "types": {\n' + ",\n".join(types) + "\n  }" if types else '  "types": {}')
        resources.append(f" {one(name)}: {{\n" + ",\n".join(parts) + "\n }")
    return "{\n" + ",\n".join(resources) + "\n}\n"


def main():
    folder = Path(sys.argv[1])
    spec = json.loads(Path(sys.argv[2]).read_text())
    patches = json.loads(Path(sys.argv[3]).read_text())
    provider = json.loads((folder / "providers/us-east-1.json").read_text())
    for name, resource in spec.items():
        root = json.loads((folder / f"resources/{provider[name]}.json").read_text())
        add_constraints(resource["props"], [root], resource["types"], root, set())
        needed = {p for h in HANDLERS for p in root.get("handlers", {}).get(h, {}).get("permissions", [])}
        resource["perms"] = sorted(needed)
    add_serverless(spec, folder, patches)
    apply(spec, patches)
    finish(spec, patches)
    sys.stdout.write(render(spec))


main()
