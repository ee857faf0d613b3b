# SPDX-License-Identifier: Apache-2.0
# The Debian package, by CPack: `./dev package`. Everything that `cmake --install` installs, and what a Debian system wants besides:
# units, a user, a configuration. Only with RELEVO_DEBIAN: no image has these folders, hence PROJECT_SOURCE_DIR, which
# tests/deploy/test_image.py does not look for.
if(NOT RELEVO_DEBIAN)
    return()
endif()
set(from "${PROJECT_SOURCE_DIR}/deploy/debian")
set(doc "${CMAKE_INSTALL_DATADIR}/doc/relevo")

install(FILES "${from}/relevo@.service" "${from}/relevo-expire.service" "${from}/relevo-expire.timer" DESTINATION lib/systemd/system)
install(FILES "${from}/sysusers.conf" DESTINATION lib/sysusers.d RENAME relevo.conf)
install(FILES "${from}/relevo.yaml" DESTINATION /etc/relevo)
install(FILES "${from}/lintian-overrides" DESTINATION share/lintian/overrides RENAME relevo)
install(FILES "${from}/copyright" "${PROJECT_SOURCE_DIR}/NOTICE" "${PROJECT_SOURCE_DIR}/docs/operating.md" "${PROJECT_SOURCE_DIR}/docs/configuration.md"
    DESTINATION "${doc}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/runbooks" DESTINATION "${doc}")
add_custom_command(OUTPUT "${CMAKE_BINARY_DIR}/changelog.gz" DEPENDS "${from}/changelog" VERBATIM
    COMMAND sh -c "gzip -9nc \"$1\" >\"$2\"" sh "${from}/changelog" "${CMAKE_BINARY_DIR}/changelog.gz")
add_custom_target(relevo_changelog ALL DEPENDS "${CMAKE_BINARY_DIR}/changelog.gz")
install(FILES "${CMAKE_BINARY_DIR}/changelog.gz" DESTINATION "${doc}")

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON) # /etc is outside of the prefix
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME relevo)
set(CPACK_PACKAGE_CONTACT "The Relevo Authors <relevo@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "lets AI and people share WhatsApp conversations")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Reads what customers write from Kafka, decides for each message whether the bot
answers or a person is needed, and hands the conversation over with a summary
of what was said. Postgres is its one commit point.

The roles are units: relevo@consume, relevo@gateway, relevo@deliver and
relevo@desk.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, systemd | systemd-standalone-sysusers, tzdata")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, kcat")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${from}/conffiles" "${from}/postinst" "${from}/prerm" "${from}/postrm")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
