import pytest

from sandbox.importers.terminal.commands import MOST_CHARACTERS, MOST_COMMANDS, Entered, read_log
from sandbox.importers.terminal.streams import LogError


@pytest.mark.parametrize(
    "prompt",
    [
        "$ ",
        "# ",
        "me@box:~/work$ ",
        "[me@box work]$ ",
        "(venv) me@box:~$ ",
        "bash-5.1# ",
        "~/work $ ",
        "❯ ",
        "root@pod-0:/# ",
    ],
)
def test_commands_are_told_from_what_they_printed(prompt):
    log = read_log(f"{prompt}ls\na\nb\n\n{prompt}\n{prompt}pwd\n/x\n{prompt}")
    assert log.commands == (Entered(1, "ls", "a\nb\n"), Entered(6, "pwd", "/x\n"))


def test_a_bare_mark_is_no_prompt_where_prompts_say_more():
    log = read_log("me@box:~$ cat notes\n# heading\n> quoted\n$ 5\nme@box:~$ ls\n")
    assert log.commands == (Entered(1, "cat notes", "# heading\n> quoted\n$ 5\n"), Entered(5, "ls", ""))


def test_a_command_over_lines_is_one():
    log = read_log("$ kubectl get pods \\\n>   -n market\nNAME\n$ echo 'a\n> b'\na\nb\n")
    assert [one.command for one in log.commands] == ["kubectl get pods   -n market", "echo 'a\nb'"]
    assert log.commands[0].output == "NAME\n"


def test_an_apostrophe_takes_no_output_into_the_command():
    assert read_log("$ echo it's\nfine\n").commands == (Entered(1, "echo it's", "fine\n"),)


def test_lines_before_the_first_prompt_are_said():
    assert read_log("Last login: today\n$ ls\n").notes == ("1 line before the first prompt belongs to no command.",)


def test_a_prompt_of_ones_own():
    assert read_log("prod λ ls\na\nprod λ pwd\n", prompt="λ").commands == (
        Entered(1, "ls", "a\n"),
        Entered(3, "pwd", ""),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Paste the log of a terminal, or choose a file."),
        ("a\nb\n", "No prompt was found in it"),
        ("$ ls\x00", "It is no text: it holds zero bytes."),
        ("$ " + "x" * MOST_CHARACTERS, "It has 2,000,002 characters; at most 2,000,000 come in at once."),
        ("$ ls\n" * (MOST_COMMANDS + 1), "It has 501 commands; at most 500 come in at once."),
    ],
)
def test_a_log_that_cannot_be_read_says_why(text, words):
    with pytest.raises(LogError) as error:
        read_log(text)
    assert str(error.value).startswith(words)
