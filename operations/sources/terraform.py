"""Reads what the schema of a Terraform provider says of a resource type, from its Go source.

Both ways of writing a schema are read: the plugin SDK's (`ForceNew: true`) and the plugin framework's
(`RequiresReplace()` among the plan modifiers). What is forced for some values alone stands in code
(`customdiff.ForceNewIf`, `RequiresReplaceIf`) and is left to the records.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from operations.sources.golang import Package, Unread, expression_at, inside, package, pairs, parts

_MERGING = {
    "MergeSchemas": "",
    "ResourceIamMember": "tpgiamresource.IamMemberBaseSchema",
    "ResourceIamAuditConfig": "tpgiamresource.iamAuditConfigSchema",
    "ResourceLoggingExclusion": "LoggingExclusionBaseSchema",
}
"""Functions that make one schema of several, and the one that they have of their own."""


@dataclass(frozen=True)
class Attribute:
    """One attribute or block. `enum` is empty where any value goes; `nested` is empty where nothing lies below."""

    replaces: bool = False
    map: bool = False
    list: bool = False
    enum: tuple[str, ...] = ()
    nested: "Mapping[str, Attribute]" = field(default_factory=dict[str, "Attribute"])


@dataclass(frozen=True)
class Schema:
    """The attributes of a resource type by Terraform's names. `regional`: another region makes a new resource."""

    attributes: Mapping[str, Attribute]
    regional: bool = False


class Provider:
    """The Go source of a provider. Raises Unread where a schema is written in a way that this reader does not know."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.through = ""
        """The address of another repository that the source was read from; empty where it is the provider's own."""

    def schema(self, type_: str) -> Schema:
        """The schema of a Terraform type. Raises Unread."""
        raise NotImplementedError

    def attributes(self, home: Package, expression: str) -> Mapping[str, Attribute]:
        """The attributes that an expression of a package gives: a resource, a map, a call or a name."""
        expression = _plain(expression)
        if expression.startswith("func("):
            return self.attributes(home, home.returned(expression))
        if re.match(r"map\[string\]\*?schema\.\w+{", expression):
            given = ((key, value) for key, value in pairs(expression) if not value.startswith("timeouts."))
            return {self._name(home, key): self._attribute(home, value) for key, value in given}
        if re.match(r"&?schema\.(Resource|Schema|NestedBlockObject|NestedAttributeObject){", expression):
            fields = dict(pairs(expression))
            given = [fields[key] for key in ("Schema", "SchemaFunc", "Attributes", "Blocks") if key in fields]
            return {name: one for part in given for name, one in self.attributes(home, part).items()}
        call = re.match(r"([\w.]+)\(", expression)
        bare = call[1].rpartition(".")[2] if call else ""
        if bare in _MERGING:
            merged = [*parts(inside(expression))]
            if _MERGING[bare]:  # the first argument is what the type has beside these
                merged = [_MERGING[bare], merged[0]]
            return {name: one for part in merged for name, one in self.attributes(home, part).items()}
        where, name = self._named(home, call[1] if call else expression)
        if call and name in where.functions:
            function = where.functions[name]
            added = re.finditer(r'^\t\w+\.Schema\["(\w+)"\] = ', function, re.MULTILINE)
            own = {one[1]: self._attribute(where, expression_at(function, one.end())) for one in added}
            return {**self.attributes(where, where.returned(function)), **own}
        if name in where.variables:
            return self.attributes(where, where.variables[name])
        raise Unread(f"{home.folder.name}: no schema that this reader knows: {expression[:80]!r}")

    def _attribute(self, home: Package, expression: str) -> Attribute:
        """One attribute: a literal, or the call or the name that gives one."""
        expression = _plain(expression)
        literal = re.match(r"&?(\w*schema\.\w+)?(\[[^\]]*\])?{", expression)
        if literal is None:
            if expression.startswith("func("):
                return self._attribute(home, home.returned(expression))
            call = re.match(r"([\w.]+)(\(|$)", expression)
            where, name = self._named(home, call[1]) if call else (home, "")
            if name in where.functions:
                return self._attribute(where, where.returned(where.functions[name]))
            if name in where.variables:
                return self._attribute(where, where.variables[name])
            raise Unread(f"{home.folder.name}: no attribute that this reader knows: {expression[:80]!r}")
        fields = dict(pairs(expression))
        below = fields.get("Elem") or fields.get("NestedObject") or ""
        nested: Mapping[str, Attribute] = {}
        if "Attributes" in fields or "Blocks" in fields:  # the block itself holds them
            nested = self.attributes(home, expression.replace(literal[0], "schema.Resource{", 1))
        elif below and not re.match(r"&?schema\.Schema{", below):  # a list of plain values
            nested = self.attributes(home, below)
        forced = fields.get("ForceNew", "false")
        if forced not in ("true", "false"):
            raise Unread(f"{home.folder.name}: ForceNew of {expression[:60]!r} is neither true nor false")
        type_ = fields.get("Type", "") + (literal[1] or "")
        return Attribute(
            replaces=forced == "true" or "RequiresReplace()" in fields.get("PlanModifiers", ""),
            map="Map" in type_ and not nested,
            list=bool(re.search(r"List|Set", type_)) and fields.get("MaxItems") != "1",
            enum=_enum(fields),
            nested=nested,
        )

    def _named(self, home: Package, name: str) -> tuple[Package, str]:
        """The package and the plain name of what a package names, which may lie in another of the provider's."""
        alias, _, plain = name.rpartition(".")
        if not alias:
            return home, name
        for address in sorted(home.imports.get(alias, ())):
            _, found, below = address.partition(f"{self.root_package}/")
            if found and (self.root / below).is_dir():
                where = package(self.root / below)
                if plain in where.functions or plain in where.variables:
                    return where, plain
        raise Unread(f"{home.folder.name}: {name} is of no package of the provider's")

    root_package = ""
    """The provider's own packages, as imports begin."""

    def _name(self, home: Package, key: str) -> str:
        """The attribute's name. A constant that is not found here is named after it, but for its first word."""
        if key in home.variables:
            key = home.variables[key]
        if key.startswith('"'):
            return key.strip('"')
        return re.sub(r"^([a-z]+|\w+\.Attr)(?=[A-Z])", "", key).lower()


def _plain(expression: str) -> str:
    """The expression without what only keeps or copies its value."""
    expression = expression.strip().rstrip(",")
    kept = re.match(r"(sync\.OnceValue|maps\.Clone)\(", expression)
    return _plain(inside(expression)) if kept else expression


def _enum(fields: Mapping[str, str]) -> tuple[str, ...]:
    """The values outside of which the provider refuses; the empty one stands for none given."""
    said = fields.get("ValidateFunc", "") + fields.get("ValidateDiagFunc", "") + fields.get("Validators", "")
    found = re.search(r"(?:ValidateEnum|StringInSlice)\(\[\]string{([^}]*)}(?:, false)?\)", said)
    values = [one.strip() for one in found[1].split(",")] if found else []
    if not all(re.fullmatch(r'"[^"]*"|', one) for one in values):
        return ()  # constants of another module
    return tuple(one.strip('"') for one in values if one.strip('"'))


class Aws(Provider):
    """hashicorp/terraform-provider-aws: each service's folder lists its resource types and what makes them.

    lonegunmanb/terraform-provider-aws-index has the same source under the same tags, one declaration a file, and is a
    tenth of the size; it is read as well.
    """

    root_package = "terraform-provider-aws"

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        if (root / "index" / "internal").is_dir():
            self.root = root / "index"
            self.through = "https://github.com/lonegunmanb/terraform-provider-aws-index"

    def schema(self, type_: str) -> Schema:
        """The schema of a Terraform type. Raises Unread."""
        folder, entry = self._entries.get(type_, (None, ""))
        if folder is None:
            raise Unread(f"{self.root}: no service lists {type_}; name the root of terraform-provider-aws")
        home = package(folder)
        factory = re.search(r"Factory:\s*(\w+)", entry)
        made = home.functions[factory[1]] if factory else ""
        regional = "ResourceRegionDisabled" not in entry and "IsOverrideEnabled: false" not in entry
        returned = home.returned(made)
        struct = re.match(r"&(\w+){", returned)
        attributes = self._framework(home, struct[1]) if struct else self.attributes(home, returned)
        return Schema(attributes, regional)

    def _framework(self, home: Package, struct: str) -> Mapping[str, Attribute]:
        """The schema of a resource of the plugin framework: its own method's, or that of what it embeds."""
        method = home.methods.get((struct, "Schema"))
        if method is None:
            embedded = re.findall(r"^\t(\w+)$", home.structs.get(struct, ""), re.MULTILINE)
            for one in embedded:
                return self._framework(home, one)
            raise Unread(f"{home.folder.name}: {struct} has no method Schema")
        given = re.search(r"(?:\.Schema|^\ts) :?= (schema\.Schema{.*)", method, re.DOTALL | re.MULTILINE)
        if given is None:
            raise Unread(f"{home.folder.name}: the schema of {struct} is written otherwise")
        return self.attributes(home, given[1])

    @property
    def _entries(self) -> Mapping[str, tuple[Path, str]]:
        return _listed(self.root)


@cache
def _listed(root: Path) -> Mapping[str, tuple[Path, str]]:
    """Folder and entry of each resource type that a service lists."""
    methods = [f"method.servicePackage.{kind}Resources.goindex" for kind in ("SDK", "Framework")]
    names = ("service_package_gen.go", *methods)
    files = [path for name in names for path in sorted((root / "internal" / "service").glob(f"*/{name}"))]
    found: dict[str, tuple[Path, str]] = {}
    for path in files:
        text = path.read_text(encoding="utf-8")
        for entry in re.findall(r"^\t\t{\n(.*?)^\t\t},", text, re.MULTILINE | re.DOTALL):
            type_ = re.search(r'TypeName:\s*"(\w+)"', entry)
            if type_ and "Factory" in entry:
                found.setdefault(type_[1], (path.parent, entry))
    return found


class Google(Provider):
    """hashicorp/terraform-provider-google-beta: each resource's file registers its type."""

    root_package = "terraform-provider-google-beta"

    def schema(self, type_: str) -> Schema:
        """The schema of a Terraform type. Raises Unread."""
        return Schema(self.attributes(*self.registered(type_)))

    def named_as(self, token: str) -> str | None:
        """The Terraform type that has the letters of a Pulumi token; None where there is none."""
        _, module, name = token.lower().split(":")
        letters = f"google{module.partition('/')[0]}{name}"
        return next((type_ for type_ in _registered(self.root) if type_.replace("_", "") == letters), None)

    def registered(self, type_: str) -> tuple[Package, str]:
        """The package that registers a Terraform type, and the expression that makes it. Raises Unread."""
        found = _registered(self.root).get(type_)
        if found is None:
            raise Unread(f"{self.root}: nothing registers {type_}; name the root of terraform-provider-google-beta")
        home, expression = package(found[0]), found[1]
        function = home.functions.get(expression.removesuffix("()"), "")
        made = home.returned(function) if function else ""
        return home, made if made.startswith("tpgiamresource.") else expression

    def api(self, type_: str) -> str | None:
        """The API of Google's that a Terraform type is made through; None where the code does not tell."""
        home, expression = self.registered(type_)
        text = self.creating(home, expression)
        client, path = re.search(r"(\w+)\.NewClient\(", text), re.search(r"{{(\w+)BasePath}}", text)
        services = self.root / "google-beta" / "services"
        imported = home.imports.get(client[1], set[str]()) if client else set[str]()
        named = [address.removesuffix("/client").rpartition("/")[2] for address in sorted(imported)]
        named += [path[1].lower()] if path else []
        home = next((package(services / name) for name in named if (services / name).is_dir()), home)
        host = re.search(r'BaseUrl: +"https://(?:{{\w+}}-)?(\w+)\.googleapis', home.variables.get("Product", ""))
        return host[1] if host else None

    @staticmethod
    def creating(home: Package, expression: str) -> str:
        """The code that creates what an expression registers; empty where it is not found."""
        granting = re.match(r"tpgiamresource\.ResourceIam\w+\(\s*\w+,\s+(?:New)?(\w+?)(?:Producer)?,", expression)
        if granting:
            return "".join(body for (of, _), body in sorted(home.methods.items()) if of == granting[1])
        made = home.functions.get(expression.partition("(")[0], "")
        create = re.search(r"\bCreate(?:Context)?: +(\w+)", made)
        return home.functions.get(create[1], "") if create else ""


@cache
def _registered(root: Path) -> Mapping[str, tuple[Path, str]]:
    """Folder and expression of each resource type that is registered."""
    entry = re.compile(
        r'registry\.Schema{\s+Name:\s+"(\w+)",\s+ProductName:[^\n]+\s+Type:\s+registry\.SchemaType(?:Resource|IAMResource),'
        r"\s+Schema:\s+(.*?),\n\t}",
        re.DOTALL,
    )
    files = sorted((root / "google-beta" / "services").glob("*/*.go"))
    return {
        type_: (path.parent, expression)
        for path in files
        if not path.name.endswith("_test.go")
        for type_, expression in entry.findall(path.read_text(encoding="utf-8"))
    }
