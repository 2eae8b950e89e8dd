# smmuvp_guest_pci(<name>): the guest's PCI core, compiled for the host with the guest's own headers. It and those who run
# it meet in host_pci.h alone.
function(smmuvp_guest_pci name)
  set(guest ${PROJECT_SOURCE_DIR}/sw)
  set(here ${PROJECT_SOURCE_DIR}/tests/sw)
  set(pci ${guest}/drivers/pci)
  add_library(${name} STATIC ${here}/pci/host_pci.c ${here}/guest_host/guest_host.c ${guest}/lib/sort.c
    ${guest}/lib/vsprintf.c ${guest}/lib/kstrto.c ${pci}/access.c ${pci}/assign.c ${pci}/ats.c ${pci}/bar.c ${pci}/host.c
    ${pci}/isolate.c ${pci}/probe.c)
  target_include_directories(${name} PRIVATE ${here}/guest_host ${guest}/include)
  target_include_directories(${name} INTERFACE ${here}/pci)
  target_compile_definitions(${name} PRIVATE GUEST_SOURCES CONFIG_PCI=1 vsnprintf=guest_vsnprintf snprintf=guest_snprintf
    scnprintf=guest_scnprintf)
  set_property(SOURCE ${here}/pci/host_pci.c ${pci}/host.c ${pci}/probe.c APPEND PROPERTY COMPILE_DEFINITIONS
    kmalloc=host_kmalloc)
  target_compile_options(${name} PRIVATE -include ${guest}/include/kconfig.h -std=gnu11 -nostdinc -ffreestanding
    -funsigned-char -Wno-conversion -Wno-sign-conversion -Wno-sign-compare -Wno-unused-parameter
    -Wno-missing-field-initializers -Wno-format -Wno-shadow)
endfunction()
