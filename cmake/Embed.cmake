# SPDX-License-Identifier: Apache-2.0
# The library rlv_embedded: schemas/sql/*.sql and schemas/avro/*.avsc as C arrays, see embed/embedded.h.
function(relevo_embed array folder extension)
    file(GLOB files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/*.${extension}")
    list(SORT files)
    set(output "${CMAKE_BINARY_DIR}/generated/${array}.c")
    # Its list travels in a file: that one changes when a schema is added, renamed or removed.
    string(REPLACE ";" "\n" lines "${files}")
    file(CONFIGURE OUTPUT "${output}.list" CONTENT "${lines}\n" @ONLY)
    add_custom_command(OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" -DARRAY=${array} -DLIST=${output}.list -DOUTPUT=${output}
            -P "${CMAKE_SOURCE_DIR}/cmake/embed/embed.cmake"
        DEPENDS ${files} "${output}.list" "${CMAKE_SOURCE_DIR}/cmake/embed/embed.cmake"
        COMMENT "Embedding ${folder}" VERBATIM)
    target_sources(rlv_embedded PRIVATE "${output}")
endfunction()

add_library(rlv_embedded STATIC)
target_include_directories(rlv_embedded PUBLIC "${CMAKE_SOURCE_DIR}/cmake/embed")
target_link_libraries(rlv_embedded PRIVATE relevo_flags)
relevo_embed(rlv_embedded_sql schemas/sql sql)
relevo_embed(rlv_embedded_avro schemas/avro avsc)
relevo_embed(rlv_embedded_avro_history schemas/avro/history/* avsc)
relevo_embed(rlv_embedded_phone core/cloudapi/page html)
relevo_embed(rlv_embedded_openapi core/desk json)
if(NOT EXISTS "${CMAKE_SOURCE_DIR}/build/page/index.html")
    message(FATAL_ERROR "the desk's page is not built: run deploy/local/page.sh (./dev build does it)")
endif()
relevo_embed(rlv_embedded_page build/page *)
