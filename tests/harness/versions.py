"""Which versions of the servers are tried, and how they come here (tests/harness/versions)."""
import os
import subprocess

import greylag


def tried(server):
    """The oldest and the newest; with GREYLAG_VERSIONS all of them, or those that it names, "13.23.0 4.0.0"."""
    done = subprocess.run([greylag.SOURCE / "tests/harness/versions", "list", server], check=True, capture_output=True,
                          text=True)
    known, wanted = done.stdout.split(), os.environ.get("GREYLAG_VERSIONS", "")
    if wanted == "all":
        return known
    return [v for v in known if v in wanted.split()] if wanted else [known[0], known[-1]]


def fetch(server, version):
    """(what `versions fetch` prints, None), or (None, why it cannot be had)."""
    done = subprocess.run([greylag.SOURCE / "tests/harness/versions", "fetch", server, version], capture_output=True,
                          text=True)
    if done.returncode == 0:
        return done.stdout.strip(), None
    return None, f"{server} {version}: {(done.stderr.strip().splitlines() or ['no reason was given'])[-1]}"


def scenarios(namespace, server, scenario):
    """A scenario of its own for each version that is tried: in the namespace of a module, for greylag.scenarios."""
    for version in tried(server):
        def run(version=version):
            found, why = fetch(server, version)
            return why or scenario(version, found)
        namespace[f"test_{server}_{version}"] = run
