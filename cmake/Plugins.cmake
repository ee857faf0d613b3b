# SPDX-License-Identifier: Apache-2.0
# relevo_plugin(NAME SOURCES file... [LIBS target...])
#
# Builds NAME.so under plugins/ of the build tree (plugins/triggers/ for a folder below plugins/triggers). It sees
# relevo/plugin.h and plugins/text, nothing else of Relevo: what a plugin of somebody else sees too.
# The target is called plugin_NAME.
function(relevo_plugin name)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;LIBS")
    relevo_plugin_folder(folder)
    add_library(plugin_${name} MODULE ${ARG_SOURCES})
    target_include_directories(plugin_${name} PRIVATE "${CMAKE_SOURCE_DIR}/core/include" "${CMAKE_SOURCE_DIR}/plugins")
    target_link_libraries(plugin_${name} PRIVATE relevo_flags ${ARG_LIBS})
    # Undefined symbols are found here and not when a business loads the plugin. A sanitizer's own stay open.
    if(NOT RELEVO_SANITIZE AND NOT RELEVO_FUZZ)
        target_link_options(plugin_${name} PRIVATE -Wl,--no-undefined)
    endif()
    target_link_options(plugin_${name} PRIVATE -Wl,--exclude-libs,ALL)
    set_target_properties(plugin_${name} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/${folder}")
    set_property(GLOBAL APPEND PROPERTY RELEVO_PLUGINS plugin_${name})
    install(TARGETS plugin_${name} LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/relevo/${folder}")
endfunction()

# relevo_plugin_test(PLUGIN NAME SOURCES file... [LIBS target...])
#
# A cmocka program of a plugin, ctest unit.PLUGIN.NAME. It may list the plugin's own sources, or load the .so, whose
# path it finds in the environment as RELEVO_PLUGINS/PLUGIN.so. It runs in the plugin's folder.
function(relevo_plugin_test plugin name)
    cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "SOURCES;LIBS")
    if(NOT RELEVO_TESTS)
        return()
    endif()
    set(target unit_${plugin}_${name})
    add_executable(${target} ${ARG_SOURCES})
    target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/core/include" "${CMAKE_SOURCE_DIR}/plugins"
        "${CMAKE_CURRENT_SOURCE_DIR}")
    target_link_libraries(${target} PRIVATE relevo_flags ${ARG_LIBS} dep::cmocka ${CMAKE_DL_LIBS} m)
    if(TARGET plugin_${plugin})
        add_dependencies(${target} plugin_${plugin})
    endif()
    add_test(NAME unit.${plugin}.${name} COMMAND ${target} WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    relevo_test_defaults(unit.${plugin}.${name} unit)
endfunction()

# What every test of ours is given: its label, a ceiling of time, and where the build is.
function(relevo_test_defaults test label)
    set_tests_properties(${test} PROPERTIES LABELS "${label}" TIMEOUT 120)
    set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT
        "RELEVO_SOURCE_DIR=${CMAKE_SOURCE_DIR}" "RELEVO_BUILD_DIR=${CMAKE_BINARY_DIR}"
        "RELEVO_BIN=${CMAKE_BINARY_DIR}/relevo" "RELEVO_PLUGINS=${CMAKE_BINARY_DIR}/plugins")
endfunction()

function(relevo_plugin_folder ret)
    cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE here)
    if(here MATCHES "^plugins/triggers/")
        set(${ret} plugins/triggers PARENT_SCOPE)
    elseif(here MATCHES "^plugins/")
        set(${ret} plugins PARENT_SCOPE)
    else()
        set(${ret} ${here} PARENT_SCOPE)
    endif()
endfunction()
