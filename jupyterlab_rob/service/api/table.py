"""The URL table."""

from __future__ import annotations

from typing import Any

from tornado import web

from ..context import Context
from . import administration, groups, postprocessing, runs, service, uploads, users, workflows
from .handler import NotFoundHandler, ServiceHandler

_PART = r"([A-Za-z0-9_.-]+)"

_ROUTES: tuple[tuple[str, type[ServiceHandler]], ...] = (
    (r"", service.ServiceDescriptorHandler),
    (r"/workflows", administration.WorkflowsHandler),
    (r"/workflows/check", administration.CheckHandler),
    (rf"/workflows/{_PART}", administration.WorkflowHandler),
    (rf"/workflows/{_PART}/versions", administration.VersionsHandler),
    (rf"/workflows/{_PART}/data", workflows.DataHandler),
    (rf"/workflows/{_PART}/leaderboard", workflows.LeaderboardHandler),
    (rf"/workflows/{_PART}/runs", workflows.WorkflowRunsHandler),
    (rf"/workflows/{_PART}/groups", groups.WorkflowGroupsHandler),
    (rf"/workflows/{_PART}/downloads/files/{_PART}", postprocessing.PostprocessingFileHandler),
    (rf"/workflows/{_PART}/downloads/archive", postprocessing.PostprocessingArchiveHandler),
    (rf"/workflows/{_PART}/postproc/log", postprocessing.PostprocessingLogHandler),
    (r"/groups", groups.GroupsHandler),
    (rf"/groups/{_PART}", groups.GroupHandler),
    (rf"/groups/{_PART}/runs", groups.GroupRunsHandler),
    (rf"/uploads/{_PART}/files", uploads.UploadsHandler),
    (rf"/uploads/{_PART}/files/{_PART}", uploads.UploadHandler),
    (rf"/runs/{_PART}", runs.RunHandler),
    (rf"/runs/{_PART}/downloads/files/{_PART}", runs.ResultFileHandler),
    (rf"/runs/{_PART}/downloads/archive", runs.RunArchiveHandler),
    (rf"/runs/{_PART}/log", runs.RunLogHandler),
    (rf"/runs/{_PART}/coordinator-log", runs.CoordinatorLogHandler),
    (rf"/runs/{_PART}/notebooks/{_PART}", runs.ExecutedNotebookHandler),
    (r"/users", users.UsersHandler),
    (r"/users/register", users.RegisterHandler),
    (r"/users/login", users.LoginHandler),
    (r"/users/logout", users.LogoutHandler),
    (r"/users/whoami", users.WhoAmIHandler),
    (r"/users/activate", users.ActivateHandler),
    (r"/users/password/request", users.PasswordRequestHandler),
    (r"/users/password/reset", users.PasswordResetHandler),
    (rf"/users/{_PART}", users.UserHandler),
    (r"/events", service.EventsHandler),
    (r"/status", service.StatusHandler),
    (r"/shutdown", service.ShutdownHandler),
)


def application(context: Context, base: str) -> web.Application:
    """The service's web application; ``base`` is the path of the API."""
    arguments: dict[str, Any] = {"context": context}
    routes = [(rf"{base}{pattern}/?", handler, arguments) for pattern, handler in _ROUTES]
    return web.Application(
        routes,
        default_handler_class=NotFoundHandler,
        default_handler_args=arguments,
        log_function=lambda handler: None,
    )
