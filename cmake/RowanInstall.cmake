# Install rules: the library, its headers, the command where it is built, and what find_package(Rowan CONFIG)
# and pkg-config read. The installed tree can be moved as a whole.
include(CMakePackageConfigHelpers)

install(TARGETS rowan EXPORT RowanTargets)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/rowan" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

if(TARGET rowan_command)
  file(RELATIVE_PATH bin_to_lib "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
  set_target_properties(rowan_command PROPERTIES INSTALL_RPATH "$ORIGIN/${bin_to_lib}")
  install(TARGETS rowan_command)
endif()

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Rowan")
get_target_property(library_type rowan TYPE)
if(library_type STREQUAL "STATIC_LIBRARY")
  # Whoever links the archive links what it calls; a shared library brings its own.
  set(ROWAN_FIND_DEPENDENCIES "include(CMakeFindDependencyMacro)\nfind_dependency(TBB 2021.8)\nfind_dependency(ZLIB)\n")
  set(ROWAN_REQUIRES_PRIVATE "tbb >= 2021.8, zlib")
endif()
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/RowanConfig.cmake.in" "${PROJECT_BINARY_DIR}/RowanConfig.cmake"
  INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Before 1.0 a minor version may break its callers.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/RowanConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/RowanConfig.cmake" "${PROJECT_BINARY_DIR}/RowanConfigVersion.cmake"
  DESTINATION "${package_dir}")
install(EXPORT RowanTargets NAMESPACE Rowan:: DESTINATION "${package_dir}")

set(pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH ROWAN_PKGCONFIG_TO_PREFIX "/${pkgconfig_dir}" "/")
string(REGEX REPLACE "/$" "" ROWAN_PKGCONFIG_TO_PREFIX "${ROWAN_PKGCONFIG_TO_PREFIX}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/rowan.pc.in" "${PROJECT_BINARY_DIR}/rowan.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/rowan.pc" DESTINATION "${pkgconfig_dir}")
