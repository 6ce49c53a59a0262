"""Questions of commands to whoever sits at the terminal."""

from __future__ import annotations

import getpass
import os
import sys

from django.core.management import CommandError


def ask(question: str, option: str) -> str:
    """Ask for a text that has to be there.

    Args:
        question: what is asked.
        option: how to give it without a terminal.

    Raises:
        CommandError: nobody can answer, or the answer is empty.
    """
    if not sys.stdin.isatty():
        raise CommandError(f"{question}: give it with {option}.")
    answer = input(f"{question}: ").strip()
    if not answer:
        raise CommandError(f"{question}: it can't be empty.")
    return answer


def ask_password(variable: str) -> str:
    """Return the password of a variable of the environment, else ask for it twice.

    It is no option, because it would stay in the shell's history.

    Raises:
        CommandError: the variable is empty and nobody can answer, or the two answers differ.
    """
    if given := os.environ.get(variable):
        return given
    if not sys.stdin.isatty():
        raise CommandError(f"Password: give it in the variable {variable}.")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Password again: "):
        raise CommandError("The two passwords differ. Nothing was changed.")
    return password
