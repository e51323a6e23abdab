#!/usr/bin/env python3
"""sbom.py ASSETS VERSION COMMIT RID: what the binary is made of, as CycloneDX 1.6 JSON on stdout. ASSETS: project.assets.json of agent/, after a publish for RID. The same input gives the same bytes."""
import base64
import json
import pathlib
import sys
import xml.etree.ElementTree as xml


def licence(nuspec):
    """Of a package, as it says itself: an SPDX expression, else an address."""
    for element in xml.parse(nuspec).getroot().iter():
        if element.tag.endswith("}license") and element.get("type") == "expression":
            return [{"expression": element.text}]
        if element.tag.endswith("}licenseUrl"):
            return [{"license": {"name": element.text}}]
    return []


def component(name, version, folder):
    found = {"type": "library", "bom-ref": f"pkg:nuget/{name}@{version}", "name": name, "version": version, "purl": f"pkg:nuget/{name}@{version}"}
    for nuspec in folder.glob("*.nuspec"):
        found["licenses"] = licence(nuspec)
    for sha in folder.glob("*.nupkg.sha512"):
        found["hashes"] = [{"alg": "SHA-512", "content": base64.b64decode(sha.read_text()).hex()}]
    return found


def main(assets, version, commit, rid):
    restored = json.loads(pathlib.Path(assets).read_text())
    root = pathlib.Path(next(iter(restored["packageFolders"])))
    target = restored["targets"][next(t for t in restored["targets"] if t.endswith("/" + rid))]
    # What has something to run is compiled in; analyzers are not.
    packages = {name.split("/")[0]: name.split("/")[1] for name, package in target.items() if package.get("runtime") or package.get("native")}
    framework = next(iter(restored["project"]["frameworks"].values()))
    # The runtime itself comes by packs: the one for native code, and ASP.NET's.
    for pack in framework.get("downloadDependencies", []):
        name = pack["name"]
        if name.lower().endswith(rid) and "runtime" in name.lower():
            packages[name] = pack["version"].strip("[]() ").split(",")[0]
    own = {"type": "application", "bom-ref": "headroom", "name": "headroom", "version": version, "licenses": [{"license": {"id": "Apache-2.0"}}],
           "properties": [{"name": "commit", "value": commit}, {"name": "runtime identifier", "value": rid}]}
    components = [component(name, packages[name], root / name.lower() / packages[name]) for name in sorted(packages, key=str.lower)]
    print(json.dumps({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": own}, "components": components,
        "dependencies": [{"ref": "headroom", "dependsOn": [c["bom-ref"] for c in components]}],
    }, indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
