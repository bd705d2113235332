"""The bundle of a page's modules: forms, order, names, and errors."""

from __future__ import annotations

import compileall
import shutil
import subprocess
from pathlib import Path

import pytest

import hunt.web
from hunt.web.bundle import BundleError, bundle, without_comments
from hunt.web.site import Site, _files, files, modules

node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")


def run(files: dict[str, str]) -> list[str]:
    """Return the lines that a bundle prints."""
    text = bundle(files, "a/main.js")
    done = subprocess.run(
        ["node", "--input-type=module"], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@node
def test_every_form_has_the_meaning_that_it_has_in_a_module() -> None:
    found = run(
        {
            "a/main.js": (
                'import { one, two as zwei } from "./x.js";\nimport * as all from "../b/y.js";\n'
                'import "./effect.js";\nimport {\n  Late,\n  again,\n} from "../b/y.js";\n'
                "const hidden = await 1;\n"
                "console.log(one, zwei(), all.twice(4), new Late().name, again, hidden);\n"
                "console.log(Object.keys(all).sort().join());\nexport {};\n"
            ),
            "a/x.js": (
                'export const one = 1;\nexport async function unused() {}\nconst hidden = "two";\n'
                "export function two() {\n  return hidden;\n}\n"
            ),
            "a/effect.js": 'console.log("effect");\n',
            "b/y.js": (
                'export * from "./z.js";\nexport { one as again } from "../a/x.js";\n'
                "const hidden = 2;\nconst twice = (x) => hidden * x;\nexport { twice };\n"
            ),
            "b/z.js": 'console.log("z first");\nexport class Late {\n  name = "late";\n}\n',
        }
    )
    assert found == ["z first", "effect", "1 two 8 late 1 1", "Late,again,twice"]


@node
def test_module_that_two_others_import_runs_once() -> None:
    main = 'import { b } from "./b.js";\nimport { c } from "./c.js";\nconsole.log(b === c);\n'
    both = 'export {{ state as {0} }} from "./state.js";\n'
    state = 'console.log("once");\nexport const state = {};\n'
    found = run({
        "a/main.js": main, "a/b.js": both.format("b"), "a/c.js": both.format("c"),
        "a/state.js": state,
    })  # fmt: skip
    assert found == ["once", "true"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("export default 1;\n", "export default 1;"),
        ("export let x = 1;\n", "export let x"),
        ("export const { x } = y;\n", "export const { x }"),
        ('import x from "./x.js";\n', "import x from"),
        ('import { x } from "x";\n', "is not relative"),
        ('import { x } from "./missing.js";\n', "missing.js: there is no such file"),
        ('import { x } from "./main.js";\n', "imports itself"),
        ('import { x } from "./late.js";\n', "late.js: cannot be bundled: await 1;"),
    ],
)
def test_other_forms_are_errors(text: str, said: str) -> None:
    with pytest.raises(BundleError, match=r"a/\w+\.js") as raised:
        bundle({"a/main.js": text, "a/x.js": "", "a/late.js": "await 1;\n"}, "a/main.js")
    assert said in str(raised.value)


def test_lines_of_comments_are_left_out() -> None:
    text = (
        "// one\nconst a = `\n// text\n/* text */\n`; // end\n/** two\n * three\n */\n\n"
        "  // four\nconst b = 2; // five\n/* six */\nconst c = `\\``;\n// seven\n"
    )
    assert without_comments(text) == (
        "const a = `\n// text\n/* text */\n`; // end\nconst b = 2; // five\nconst c = `\\``;\n"
    )


@pytest.mark.parametrize("entry", ["game/game.js", "ops/ops.js", "docs/docs.js"])
@node
def test_modules_of_a_page_are_bundled(entry: str) -> None:
    text = bundle(modules(files()), entry)
    assert len(text) > 1000
    command = ["node", "--check", "--input-type=module", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_files_of_the_site_are_those_of_the_repository_even_if_an_installer_compiled_one(
    tmp_path: Path,
) -> None:
    static = Path(hunt.web.__file__).with_name("static")
    copy = tmp_path / "static"
    shutil.copytree(static, copy)
    assert compileall.compile_dir(copy, quiet=1)
    assert list(copy.glob("**/__pycache__"))
    found = dict(_files(copy))
    assert found.keys() == files().keys()
    Site(found)
