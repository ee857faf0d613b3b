# SPDX-License-Identifier: Apache-2.0
# How everything of ours is compiled. One interface target, relevo_flags, carries it all, so that no folder below
# sets flags by itself.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_library(relevo_flags INTERFACE)
target_compile_definitions(relevo_flags INTERFACE _GNU_SOURCE RELEVO_VERSION="${PROJECT_VERSION}")
target_compile_options(relevo_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
    -Wvla -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings
    # snprintf cuts on purpose in messages; what the warning finds depends on the optimizer and the sanitizer.
    -Wno-format-truncation
    -fno-strict-aliasing -fno-common
    # Functions that cannot be used safely become compile errors everywhere, without anybody including anything.
    -include "${CMAKE_SOURCE_DIR}/cmake/banned.h")

if(RELEVO_WERROR)
    target_compile_options(relevo_flags INTERFACE -Werror)
endif()

if(RELEVO_TEST_POINTS)
    target_compile_definitions(relevo_flags INTERFACE RELEVO_TEST_POINTS=1)
endif()

if(RELEVO_SANITIZE)
    target_compile_options(relevo_flags INTERFACE
        "-fsanitize=${RELEVO_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(relevo_flags INTERFACE "-fsanitize=${RELEVO_SANITIZE}")
    target_compile_definitions(relevo_flags INTERFACE RELEVO_SANITIZED=1)
else()
    # Sanitizers multiply the paths that this warning explores and it then reports what cannot happen.
    target_compile_options(relevo_flags INTERFACE -Wnull-dereference)
    target_compile_options(relevo_flags INTERFACE
        -fstack-protector-strong -fstack-clash-protection
        $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection>
        # Debian's own defaults may have set another level.
        $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()
target_link_options(relevo_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

if(RELEVO_COVERAGE)
    target_compile_options(relevo_flags INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(relevo_flags INTERFACE --coverage)
endif()
if(RELEVO_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "RELEVO_FUZZ needs clang: configure with --preset fuzz, or CC=clang")
    endif()
    target_compile_options(relevo_flags INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(relevo_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
