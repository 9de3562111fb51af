"""Checks a benchmark's folder and explains every problem at once. Reads; carries out nothing."""

from .check import check_template, suggest_migration
from .findings import Finding
from .layout import migrate

__all__ = ["Finding", "check_template", "migrate", "suggest_migration"]
