"""What the README says is so: its commands can be given, its settings exist, and none is left out."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from cloudmate import up
from cloudmate.llm.roles import ROLES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
WORDS = re.findall(r"`[^`]*`", README) + re.findall(r"^    .*$", README, re.MULTILINE)
SETTING = re.compile(r"CLOUDMATE_[A-Z_]*[A-Z]")
COMMAND = re.compile(r"manage\.py (?!up\b|test\b)([a-z_]+)([^`\n]*)")
COMMANDS = sorted({match.group(0) for words in WORDS for match in COMMAND.finditer(words)})
# between the parts of one start, or for tests
INTERNAL = {"CLOUDMATE_INSTALLED", "CLOUDMATE_LISTENS_ON", "CLOUDMATE_ONLY_WORKER"}
LLM = "CLOUDMATE_LLM"


def known_settings() -> set[str]:
    sources = {path: path.read_text() for path in (ROOT / "cloudmate").rglob("*.py")}
    named = {name for text in sources.values() for name in SETTING.findall(text)} - INTERNAL - {LLM}
    for_models = re.findall(r"\{PREFIX\}_([A-Z_]+)", sources[ROOT / "cloudmate/llm/roles.py"])
    per_role = [f"{role.upper()}_{part}" for role in ROLES for part in ("MODEL", "BASE_URL", "API_KEY")]
    return named | {f"{LLM}_{part}" for part in [*for_models, *per_role, "MODEL", "BASE_URL", "API_KEY"]}


def test_each_setting_in_it_exists():
    assert set(SETTING.findall(README)) - known_settings() - {f"{LLM}_{role.upper()}" for role in ROLES} == set()


def test_each_setting_that_exists_is_in_it():
    per_role = {name for name in known_settings() for role in ROLES if name.startswith(f"{LLM}_{role.upper()}_")}
    told = set(SETTING.findall(README)) | per_role
    assert known_settings() - told == set()


def test_it_names_commands():
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("words", COMMANDS)
def test_each_command_in_it_can_be_given(words):
    name, *arguments = shlex.split(words.removeprefix("manage.py ").replace("...", ""))
    command = load_command_class(get_commands()[name], name)
    parser = command.create_parser("manage.py", name)
    needed = 0 if arguments else 1  # a command that is only named
    try:
        parser.parse_args([argument.replace("SEED", "1") for argument in arguments])
    except CommandError as error:
        assert needed and "required" in str(error), f"{words}: {error}"


@pytest.mark.parametrize("option", ["--port", "--host", "--data", "--no-seed"])
def test_each_option_of_the_start_is_in_it(option):
    assert f"`{option}" in README
    assert f'"{option}"' in Path(up.__file__).read_text()


def test_its_first_two_commands_are_the_start_and_the_tests():
    commands = re.findall(r"^    (python3 manage\.py .*)$", README, re.MULTILINE)
    assert commands[:2] == ["python3 manage.py up", "python3 manage.py test"]
