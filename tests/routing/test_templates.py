"""Templates: what they render, what fails a row by name, and what a policy sees of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airoute_cli.core.plan import Plan
from airoute_cli.core.policy import Policy, PolicyRule, Requirement
from airoute_cli.core.profile import Profile, Route, When
from airoute_cli.core.request import Image, Message, Request, Row, Text
from airoute_cli.core.templates import Template
from airoute_cli.routing.planner import Planner
from airoute_cli.routing.templates import (
    CompiledTemplate,
    TemplateFailure,
    faults,
    with_prompt,
)
from airoute_cli.routing.tokens import estimate_tokens

GIVEN = {
    "metadata": {"tier": "pro", "items": "a field"},
    "row": {"diff": "+1", "author": {"name": "Ada"}},
}


def rendered(text: str, request: Request | None = None) -> str:
    asked = request or Request((Message("system", (Text("be brief"),)), _user("hello")))
    return CompiledTemplate(Template("t@1", text)).render("text", asked, GIVEN)


def _user(text: str) -> Message:
    return Message("user", (Text(text),))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Q: {{ prompt }}", "Q: hello"),
        ("{{ system }}: {{ prompt | upper }}", "be brief: HELLO"),
        ("{{ metadata.tier }} {{ metadata['tier'] }}", "pro pro"),
        ("{{ row.diff }} by {{ row.author.name }}", "+1 by Ada"),
        ("{{ row.missing | default('none') }}", "none"),
        ("{% if row.diff is defined %}yes{% endif %}", "yes"),
        ("{{ metadata.items }}", "a field"),
        ("{% for key, value in row.items() %}{{ key }} {% endfor %}", "diff author "),
        ("{{ metadata.get('tier') }}", "pro"),
        ("{{ prompt }} <b>&amp;", "hello <b>&amp;"),
    ],
)
def test_it_renders(text: str, wanted: str):
    assert rendered(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{{ row.issue }}", "it needs row.issue, which the row does not have"),
        ("{{ metadata.region }}", "it needs metadata.region, which the row does not have"),
        ("{{ row.author.mail }}", "it needs mail, which the row does not have"),
        ("{{ row.diff + 1 }}", "it cannot be filled (TypeError)"),
        ("{{ ''.__class__.__mro__ }}", "it cannot be filled (SecurityError)"),
        ("{% if row.diff == 'x' %}no{% endif %}", "it gives an empty prompt for this row"),
    ],
)
def test_what_a_row_cannot_fill_fails_it_by_name(text: str, wanted: str):
    with pytest.raises(TemplateFailure) as failed:
        rendered(text)
    assert str(failed.value).startswith('template "t@1": ')
    assert wanted in str(failed.value)


def test_a_name_that_the_row_gives_is_told_to_nobody():
    with pytest.raises(TemplateFailure) as failed:
        rendered("{{ row[prompt] }}", Request((_user("my words"),)))
    assert "by a name that the row gives" in str(failed.value)
    assert "my words" not in str(failed.value)


def test_a_fault_that_jinja_finds_ends_with_one_full_stop():
    [fault] = faults("{{ prompt | nosuch }}")
    assert fault.message == "No filter named 'nosuch'."


def test_a_value_of_the_row_is_never_code():
    request = Request((_user("{{ metadata.tier }} {% raw %}"),))
    assert rendered("{{ prompt }}", request) == "{{ metadata.tier }} {% raw %}"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n{{ prompt }", 2, "unexpected '}'."),
        ("{% if prompt %}", 1, "Unexpected end of template"),
        ("{{ prompt | uper }}", 1, "No filter named 'uper'."),
        ("one\n{{ promt }}", 2, 'there is no variable "promt".'),
        ("{% include 'other' %}", 1, "a template cannot include"),
    ],
)
def test_faults_are_known_without_a_row(text: str, line: int, message: str):
    fault = next(faults(text))
    assert (fault.line, message in fault.message) == (line, True), fault


def test_a_text_without_faults_has_none():
    assert list(faults("{% set x = prompt %}{{ x }} {{ metadata.a }} {{ row.b }}")) == []
    assert 'Did you mean "prompt"?' in next(faults("{{ promt }}")).remedy


def test_a_prompt_takes_the_place_of_the_last_user_turn_and_attachments_stay():
    image = Image("https://example.com/a.png")
    turns = (_user("first"), Message("assistant", (Text("yes"),)))
    request = Request((*turns, Message("user", (image, Text("second")))))
    told = with_prompt(request, "new")
    assert told.messages == (*turns, Message("user", (image, Text("new"))))
    assert with_prompt(Request((turns[1],)), "new").messages == (turns[1], _user("new"))


def test_a_models_variant_wins_over_a_tasks():
    template = Template("t", "x", models={"a": "A"}, tasks={"code": "C"})
    assert template.variant("a", "code") == "models.a"
    assert template.variant("b", "code") == "tasks.code"
    assert template.variant("b", "chat") == "text"
    assert (template.title, template.version) == ("t", None)
    assert (Template("t@2", "x").title, Template("t@2", "x").version) == ("t", "2")
    assert template.digest != replace(template, tasks={"code": "D"}).digest


# How a plan uses them.


def profile(make: Any, template: Template, rules: tuple[PolicyRule, ...] = ()) -> Profile:
    routes = [Route("r", "fallback", ("a", "b"), template=template.name)]
    return replace(make.profile(routes), templates={template.name: template}, policy=Policy(rules))


def plan(made: Profile, row: Row) -> Plan:
    """The plan, which must come out the same when it is made again without the text."""
    found = Planner(made).plan(row, {}, explain=True)
    assert found.basis
    again = Planner(made, recalling=True).plan_again(found.basis, {}, explain=True)
    assert again == found
    return found


def test_the_plan_says_which_template_and_counts_its_tokens(make: Any):
    long = "word " * 400
    template = Template("wide@3", long + "{{ prompt }}", models={"b": "{{ prompt }}!"})
    found = plan(profile(make, template), make.row("hello"))
    assert found.template
    assert (found.template.name, found.template.version) == ("wide", "3")
    assert found.template.variants == {"a": "text", "b": "models.b"}
    assert found.prompts["a"].messages[0].text == long + "hello"
    assert found.prompts["b"].messages[0].text == "hello!"
    tokens = {call.model: call.input_tokens for call in found.calls}
    assert tokens["a"] >= estimate_tokens(long) > 10 * tokens["b"]


def test_a_tasks_variant_is_taken_by_the_row_as_it_came(make: Any):
    template = Template("t", "Translate to code: {{ prompt }}", tasks={"code": "C {{ prompt }}"})
    code = make.row("Fix this Python function:\n```python\ndef f(): pass\n```")
    found = plan(profile(make, template), code)
    assert found.prompts["a"].messages[0].text.startswith("C ")
    other = plan(profile(make, template), make.row("hello"))
    assert other.prompts["a"].messages[0].text.startswith("Translate")


def test_a_row_that_lacks_a_value_fails_and_nobody_is_asked(make: Any):
    found = plan(profile(make, Template("t@1", "{{ row.diff }}")), make.row("hello"))
    assert (found.calls, found.code, found.on_empty) == ((), "template", "fail")
    assert found.route == "r"
    assert found.refusal == 'template "t@1": it needs row.diff, which the row does not have'


PII = PolicyRule("pii", When(detects=("pii.email",)), Requirement(private=True))
MASKED = PolicyRule("masked", When(detects=("pii.email",)), redact=frozenset({"pii.email"}))


@pytest.mark.parametrize("variant", ["text", "models.b"])
def test_personal_data_that_a_template_puts_in_is_seen(make: Any, variant: str):
    """It stands in the metadata, which no rule would have looked at: it does not travel."""
    leaks, harmless = "{{ prompt }} {{ metadata.mail }}", "{{ prompt }}"
    template = Template("t", leaks) if variant == "text" else Template("t", harmless, {"b": leaks})
    row = make.row("hello", metadata={"mail": "anna@example.com"})
    found = plan(profile(make, template, (PII,)), row)
    assert found.calls == ()
    assert found.ruling.rules == ("pii",)
    assert plan(profile(make, Template("t", harmless), (PII,)), row).calls


def test_a_rule_on_the_row_as_it_came_still_holds(make: Any):
    rule = PolicyRule("secret", When(starts_with=("confidential",)), Requirement(private=True))
    template = Template("t", "Answer: {{ prompt }}")
    found = plan(profile(make, template, (rule,)), make.row("Confidential: hello"))
    assert (found.calls, found.ruling.rules) == ((), ("secret",))
    assert [verdict.matched for verdict in found.ruling.verdicts] == [True]


def test_a_rule_on_what_is_sent_holds_as_well(make: Any):
    rule = PolicyRule("long", When(min_input_tokens=100), Requirement(private=True))
    template = Template("t", "word " * 200 + "{{ prompt }}")
    found = plan(profile(make, template, (rule,)), make.row("hello"))
    assert (found.calls, found.ruling.rules) == ((), ("long",))
    assert [verdict.matched for verdict in found.ruling.verdicts] == [True]


def test_what_a_template_puts_in_is_redacted(make: Any):
    row = make.row("hello", metadata={"mail": "anna@example.com"})
    found = plan(profile(make, Template("t", "{{ metadata.mail }}"), (MASKED,)), row)
    assert found.ruling.redacted == {"pii.email"}
    assert len(found.calls) == 2
