# Scenarios with real processes, in Python: each file *.py of the including folder is one program that speaks TAP. Its
# label is its folder's name, or what a line "# label: NAME" among its first five says; "# long" there lets it start
# first.
get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
file(GLOB scenarios CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.py)
foreach(scenario ${scenarios})
  get_filename_component(name ${scenario} NAME_WE)
  file(STRINGS ${scenario} head LIMIT_COUNT 5)
  set(label ${folder})
  if("${head}" MATCHES "label: ([a-z-]+)")
    set(label ${CMAKE_MATCH_1})
  endif()
  set(cost 0)
  if("${head}" MATCHES "# long")
    set(cost 1)
  endif()
  add_test(NAME ${label}.${name} COMMAND python3 ${scenario})
  set(environment GREYLAG_BUILD=${CMAKE_BINARY_DIR} PYTHONPATH=${CMAKE_SOURCE_DIR}/tests/harness
    PYTHONDONTWRITEBYTECODE=1)
  set_tests_properties(${label}.${name} PROPERTIES LABELS ${label} TIMEOUT 900 COST ${cost}
    ENVIRONMENT "${environment}")
endforeach()
