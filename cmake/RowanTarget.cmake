# What every target of this project has in common. Set per target: a host project's flags are left alone.
option(ROWAN_UNITY "Compile files together: for builds of everything; others find what a file forgot to include" OFF)
option(ROWAN_FUZZ "Build the fuzz targets, and everything so that it tells them where it has been (clang)" OFF)
set(ROWAN_SANITIZE "" CACHE STRING "Sanitizers to build everything with, as in -fsanitize=")

function(rowan_target name)
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  # Whatever a host project builds with: exceptions are used inside and end at the interface, a fused
  # multiply-add rounds once where the semantics round twice, and NaN and signed zero are part of the results.
  target_compile_options(${name} PRIVATE -fexceptions -frtti -fno-fast-math -ffp-contract=off)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 takes operator+(const char*, std::string&&) for overlapping copies (its bug 105651).
    target_compile_options(${name} PRIVATE -Wno-restrict)
  endif()
  if(ROWAN_SANITIZE)
    target_compile_options(${name} PRIVATE -fsanitize=${ROWAN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${name} PUBLIC -fsanitize=${ROWAN_SANITIZE})
  endif()
  if(ROWAN_FUZZ)
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${name} PUBLIC -fsanitize=fuzzer-no-link)
  endif()
  set_target_properties(${name} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON)
endfunction()

# Lets the files of a target be compiled together. Those with options of their own stay alone; constants of one file
# then seem to hide those of another.
function(rowan_unity name)
  if(ROWAN_UNITY)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE BATCH UNITY_BUILD_BATCH_SIZE 12)
    target_compile_options(${name} PRIVATE -Wno-shadow)
  endif()
endfunction()
