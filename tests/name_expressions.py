"""Random expressions over the names of a target, for tests of what a parse decides on."""

from __future__ import annotations

import random

NAMES = ("target.schema", "target.database", "this.schema", "schema", "database", "model.schema")
UNARY = (
    "{0} | upper",
    "{0} | lower",
    "{0} | title",
    "{0} | trim",
    "{0} | string",
    "{0} | default('n')",
    "{0} | replace('dev_', '')",
    "{0} | replace('a', 'b')",
    "{0} | first",
    "{0} | last",
    "{0} | list | join('-')",
    "{0} | reverse",
    "{0} | truncate(6, true, '')",
    "{0} | e",
    "{0} | tojson",
    "{0} | length | string",
    "{0} | wordcount | string",
    "{0} | center(12)",
    "{0} | urlencode",
    "{0} | map('upper') | join",
    "({0})[0]",
    "({0})[-1]",
    "({0})[:4]",
    "({0})[2:] ~ 'x'",
    "({0}).upper()",
    "({0}).strip()",
    "({0}).strip('pd')",
    "({0}).replace('dev_', '')",
    "({0}).split('_')[0]",
    "({0}).split('_') | length | string",
    "({0}).split('_') | last",
    "({0}).find('_') | string",
    "({0}).count('d') | string",
    "({0}).title()",
    "({0}).partition('_')[2]",
    "({0}) ~ '_x'",
    "'x_' ~ ({0})",
    "({0}) + 'x'",
    "({0}) * 2",
    "'%s_x' % ({0})",
    "'%.3s' % ({0})",
    "'%s_x' | format({0})",
    "'{{}}_x'.format({0})",
    "'{{:.4}}'.format({0})",
    "'{{a}}'.format(a={0})",
    "'{{0[0]}}'.format({0})",
    "'-'.join([{0}, 'b'])",
    "'-'.join({0})",
    "[{0}, 'b'] | join('-')",
    "[{0}, 'e'] | sort | join('-')",
    "[{0}, 'e'] | max",
    "[{0}, 'prod'] | unique | join('-')",
    "[{0}, 'prod'] | list | length | string",
    "[{0}] | map('lower') | join",
    "[{0}] | map('trim') | first",
    "[{0}, 'z'] | select('equalto', 'prod') | join",
    "[{0}, 'z'] | reject('in', ['prod']) | join",
    "[{0}, 'z'] | reverse | join('-')",
    "zip([{0}], ['b']) | list | first | join('-')",
    "dict(zip([{0}], ['v'])).values() | join",
    "{{'prod': 'p'}}.get({0}, 'none')",
    "{{'prod': 'p'}}[{0}] | default('none')",
    "{{'at': {0}}}.values() | join",
    "{{'at': {0}}}['at']",
    "{{'at': {0}}}.get('at')",
    "set([{0}, 'prod']) | length | string",
    "modules.re.sub('dev_', '', {0})",
    "modules.re.match('dev', {0}) is none",
    "local_md5({0})",
    "fromjson('[\"' ~ ({0}) ~ '\"]') | join",
    "fromyaml({0}) is string",
    "quoted({0})",
    "returned({0})",
    "cut({0})",
    "blocked({0})",
    "filtered({0})",
    "var('nope', {0})",
    "env_var('WATCH_NOPE', {0})",
    "({0}) is none",
    "({0}) is string",
    "({0}) is upper",
    "namespace(at={0}).at",
    "adapter.quote({0})",
    "api.Relation.create(schema={0}, identifier='i').render()",
    "api.Relation.create(schema={0}, identifier='i').schema",
    "api.Relation.create(schema={0}, identifier='i') | string",
    "render('{{% raw %}}x{{% endraw %}}') ~ ({0})",
)
BINARY = (
    "({0}) ~ ({1})",
    "({0}) if ({1}) else 'n'",
    "({0}) if ({1}) == 'prod' else 'n'",
    "({0}) if ({1}) in ['prod', 'dev_anna'] else 'n'",
    "({0}) if ({1}) < 'm' else 'n'",
    "({0}) if 'dev' in ({1}) else 'n'",
    "({0}) if ({1}) != none else 'n'",
    "({0}) or ({1})",
    "[{0}, {1}] | join('.')",
    "({0}).replace({1}, 'x')",
    "({0}) == ({1})",
)
MACROS = """
{% macro quoted(name) %}<{{ name }}>{% endmacro %}
{% macro returned(name) %}{% do return(name) %}{% endmacro %}
{% macro cut(name) %}{{ name | replace('dev_', '') }}{% endmacro %}
{% macro blocked(name) %}{% set at %}[{{ name }}]{% endset %}{{ at }}{% endmacro %}
{% macro filtered(name) %}{% filter title %}{{ name }}{% endfilter %}{% endmacro %}
"""


def expressions(count: int, seed: int) -> list[str]:
    """So many expressions, up to four operations deep; the same seed gives the same."""
    chance = random.Random(seed)  # noqa: S311 - no secret

    def made(depth: int) -> str:
        if depth == 0 or chance.random() < 0.1:
            return chance.choice(NAMES)
        if chance.random() < 0.2:
            step = chance.choice(BINARY).format(made(depth - 1), made(depth - 1))
        else:
            step = chance.choice(UNARY).format(made(depth - 1))
        return f"(({step}) | string)"

    return [made(1 + number % 4) for number in range(count)]
