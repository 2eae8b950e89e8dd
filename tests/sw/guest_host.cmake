# smmuvp_guest_host(<name>): the guest's readers of foreign bytes and their fuzz targets, compiled for the host.
# Its formats stand beside libc's, under names of their own.
function(smmuvp_guest_host name)
  set(sw ${PROJECT_SOURCE_DIR}/sw)
  set(here ${PROJECT_SOURCE_DIR}/tests/sw)
  add_library(${name} STATIC
    ${sw}/drivers/of/fdt_blob.c ${sw}/drivers/of/address.c ${sw}/drivers/of/irq.c
    ${sw}/lib/vsprintf.c ${sw}/lib/kstrto.c ${sw}/shell/complete.c ${sw}/shell/editor.c ${sw}/shell/ktap.c
    ${here}/guest_host/guest_host.c ${here}/guest_blob_fuzz_target.c
    ${here}/guest_tree_fuzz_target.c ${here}/guest_legacy_fuzz_target.c ${here}/guest_shell_fuzz_target.c)
  target_include_directories(${name} PRIVATE ${here}/guest_host ${sw}/include)
  target_compile_definitions(${name} PRIVATE
    vsnprintf=guest_vsnprintf snprintf=guest_snprintf scnprintf=guest_scnprintf)
  target_compile_options(${name} PRIVATE -include ${sw}/include/kconfig.h -std=gnu11 -nostdinc -ffreestanding -funsigned-char
    -Wno-conversion -Wno-sign-conversion -Wno-sign-compare -Wno-unused-parameter -Wno-missing-field-initializers
    -Wno-format -Wno-shadow)
endfunction()
