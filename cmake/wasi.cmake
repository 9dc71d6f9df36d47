# SPDX-License-Identifier: MIT
# Toolchain file: WebAssembly with WASI, Debian's clang and wasi-libc, run by Node.
set(CMAKE_SYSTEM_NAME Generic) # CMake 3.25 does not know WASI
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(CMAKE_C_COMPILER clang)
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_SYSROOT /usr)
set(CMAKE_AR llvm-ar CACHE FILEPATH "")
set(CMAKE_RANLIB llvm-ranlib CACHE FILEPATH "")
# 8 MB of stack at the beginning of memory: running over it traps instead of spoiling data.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--stack-first -Wl,-z,stack-size=8388608")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE NEVER)
find_program(FOVEA_NODE NAMES node nodejs)
set(CMAKE_CROSSCOMPILING_EMULATOR ${FOVEA_NODE} --no-warnings
    "${CMAKE_CURRENT_LIST_DIR}/../script/wasi.mjs")
