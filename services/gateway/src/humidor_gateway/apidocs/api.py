"""The one description of all services and the page that shows it, without any other host."""

from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from humidor_common.web.problems import not_found
from humidor_gateway.apidocs.collector import Collector

router = APIRouter(include_in_schema=False)

# Swagger UI sets styles on its elements; everything else comes from files of our own.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Humidor API</title>
<link rel="icon" href="docs/assets/favicon.png">
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/assets/start.js"></script>
</body>
</html>
"""
START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false,
  validatorUrl: null,
});
"""
ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}


@router.get("/docs")
async def show_docs() -> Response:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    return Response(PAGE, media_type="text/html", headers=headers)


@router.get("/docs/assets/{name}")
async def give_asset(name: Annotated[str, Path(max_length=60)]) -> Response:
    headers = {"Cache-Control": "public, max-age=86400"}
    if name == "start.js":
        return Response(START, media_type="text/javascript", headers=headers)
    if name not in ASSETS:
        raise not_found("asset", name)
    content = (files("fastapi_offline") / "static" / name).read_bytes()
    return Response(content, media_type=ASSETS[name], headers=headers)


@router.get("/openapi.json")
async def describe(request: Request) -> Response:
    collector: Collector = request.app.state.runtime.get(Collector)
    content = await collector.document(request.app.openapi())
    return Response(content, media_type="application/json", headers={"Cache-Control": "public, max-age=30"})
