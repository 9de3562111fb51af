"""ROB's REST API v1: thin handlers, one module for each resource; docs/protocol.md has the shapes."""

from .table import application

__all__ = ["application"]
