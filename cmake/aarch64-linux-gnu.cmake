# Cross-builds for an arm64 host with Debian's cross compiler and the arm64 packages of what is linked:
#   dpkg --add-architecture arm64; apt-get install g++-aarch64-linux-gnu libsystemc-dev:arm64 ...
# docs/systems.md has the list; tests/systems/arm64.sh does it all.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
