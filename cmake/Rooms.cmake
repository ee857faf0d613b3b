# SPDX-License-Identifier: Apache-2.0
# relevo_room(NAME [ROOMS room...] [LIBS target...])
#
# core/NAME/*.c becomes the static library rlv_NAME. ROOMS are the rooms below it, LIBS what it needs from outside.
# A room without .c files is skipped, and a room that names a skipped one only loses that link.
function(relevo_room name)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "ROOMS;LIBS")
    file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/core/${name}/*.c")
    if(NOT sources)
        return()
    endif()
    add_library(rlv_${name} STATIC ${sources})
    target_include_directories(rlv_${name} PUBLIC "${CMAKE_SOURCE_DIR}/core" "${CMAKE_SOURCE_DIR}/core/include")
    target_link_libraries(rlv_${name} PRIVATE relevo_flags PUBLIC Threads::Threads ${ARG_LIBS})
    foreach(room IN LISTS ARG_ROOMS)
        if(TARGET rlv_${room})
            target_link_libraries(rlv_${name} PUBLIC rlv_${room})
        endif()
    endforeach()
    set_property(GLOBAL APPEND PROPERTY RELEVO_ROOMS rlv_${name})
endfunction()
