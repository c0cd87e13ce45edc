"""`python -m tests.support.model [PORT]`: the scripted model for use by hand, until interrupted."""

import contextlib
import sys

from tests.support.model.server import ModelServer

model = ModelServer(int(sys.argv[1]) if len(sys.argv) > 1 else 8377)
print(f"ANTHROPIC_BASE_URL={model.url} ANTHROPIC_API_KEY=dummy", flush=True)
with contextlib.suppress(KeyboardInterrupt):
    model.server.serve_forever()
