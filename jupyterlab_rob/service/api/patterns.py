"""What the descriptor says: the routes by their published identifiers, and what is beyond the published API."""

#: What this service has beyond the published API.
ADDITIONS = ("notebook-arguments", "events", "run-log", "executed-notebook", "benchmark-runs", "status", "shutdown")

#: The routes' patterns, as the descriptor shows them, by the published identifiers.
PATTERNS = {
    "service": "",
    "workflows:list": "workflows",
    "workflows:get": "workflows/{workflowId}",
    "workflows:groups": "workflows/{workflowId}/groups",
    "workflows:runs": "workflows/{workflowId}/runs?limit={limit}",
    "leaderboard": "workflows/{workflowId}/leaderboard?orderBy={orderBy}&includeAll={includeAll}",
    "groups:create": "workflows/{workflowId}/groups",
    "groups:list": "groups",
    "groups:get": "groups/{userGroupId}",
    "groups:update": "groups/{userGroupId}",
    "groups:delete": "groups/{userGroupId}",
    "groups:runs": "groups/{userGroupId}/runs?state={state}",
    "runs:start": "groups/{userGroupId}/runs",
    "uploads:list": "uploads/{userGroupId}/files",
    "uploads:upload": "uploads/{userGroupId}/files",
    "uploads:download": "uploads/{userGroupId}/files/{fileId}",
    "uploads:delete": "uploads/{userGroupId}/files/{fileId}",
    "runs:get": "runs/{runId}",
    "runs:cancel": "runs/{runId}",
    "runs:delete": "runs/{runId}",
    "runs:download:file": "runs/{runId}/downloads/files/{fileId}",
    "runs:log": "runs/{runId}/log",
    "runs:notebook": "runs/{runId}/notebooks/{step}",
    "users:list": "users?query={query}",
    "users:register": "users/register",
    "users:login": "users/login",
    "users:logout": "users/logout",
    "users:whoami": "users/whoami",
    "users:activate": "users/activate",
    "users:pwd:request": "users/password/request",
    "users:pwd:reset": "users/password/reset",
    "users:update": "users/{userId}",
    "events": "events",
    "status": "status",
    "shutdown": "shutdown",
}
