#!/bin/sh
# The story on an arm64 host: cross-builds with Debian's cross compiler and arm64 packages, and runs the CPU's tests and
# the README's platform. Only the runs are emulated, by qemu-user. Installs packages of another architecture, so it wants
# a system of its own: `.ci/systems --arm64` makes one. Root is needed to install; VP_NO_INSTALL=1 leaves that out.
set -eu
cd "$(dirname "$0")/../.."
packages='cmake ninja-build make pkg-config python3-kconfiglib python3-pyelftools g++ gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user-static
	libtoml11-dev nlohmann-json3-dev libsystemc-dev:arm64 libunicorn-dev:arm64 libboost-program-options-dev:arm64
	libfdt-dev:arm64 zlib1g-dev:arm64 libzstd-dev:arm64 libfmt-dev:arm64 libgtest-dev:arm64 libbenchmark-dev:arm64
	librapidcheck-dev:arm64'
if [ -z "${VP_NO_INSTALL:-}" ]; then
	dpkg --add-architecture arm64
	apt-get update
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
fi
emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || {
	echo 'arm64.sh: qemu-aarch64 is needed: apt-get install qemu-user-static' >&2
	exit 77
}
export SYSTEMC_DISABLE_COPYRIGHT_MESSAGE=1
build=build/arm64
tests='engine_layout_test cpu_core_memory_test cpu_core_run_test cpu_core_debug_test cpu_core_dead_end_test
	cpu_core_compare_test'
cmake -S . -B $build -G Ninja --toolchain cmake/aarch64-linux-gnu.cmake -DCMAKE_BUILD_TYPE=Release
# shellcheck disable=SC2086
ninja -C $build platform/all models/all smmuv3/all sw/all $tests

failed=0
passed=0
# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@" >"$build/$name.log" 2>&1; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $name"
	else
		failed=$((failed + 1))
		tail -n 30 "$build/$name.log"
		echo "not ok $((passed + failed)) - $name"
	fi
}
for t in $tests; do
	check "$t" "$emulator" "$build/bin/$t"
	check "$t-public" env CPU_TEST_PUBLIC=1 "$emulator" "$build/bin/$t"
done
# Nothing is lost on this host: the report names no limitation.
check story "$emulator" "$build/bin/smmu-vp" run vp-configs/gki-smmuv3.toml --strict --json "$build/story.json"
check nothing-is-lost python3 -c "import json; assert not json.load(open('$build/story.json'))['host']['limitations']"
check story-public "$emulator" "$build/bin/smmu-vp" run vp-configs/gki-smmuv3.toml --strict --json "$build/public.json" \
	--set cpu0.libunicorn=public
check both-alike python3 -c "import json; a, b = (json.load(open('$build/' + n)) for n in ('story.json', 'public.json'))
assert all(a[k] == b[k] for k in ('untimed_digest', 'instructions', 'tests'))"
python3 -c "import json; print('digest', json.load(open('$build/story.json'))['digest'])"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
