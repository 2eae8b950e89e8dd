// The register tables of the GICv2 (IHI 0048B chapter 4) and of the GICv2m frame.
#pragma once
#include <vector>

#include "smmuvp/base/registers.h"

namespace smmuvp::gic {

enum Id : std::uint16_t {
  GICD_CTLR,
  GICD_TYPER,
  GICD_IIDR,
  GICD_IGROUPR,
  GICD_ISENABLER,
  GICD_ICENABLER,
  GICD_ISPENDR,
  GICD_ICPENDR,
  GICD_ISACTIVER,
  GICD_ICACTIVER,
  GICD_IPRIORITYR,
  GICD_ITARGETSR,
  GICD_ICFGR,
  GICD_NSACR,
  GICD_SGIR,
  GICD_CPENDSGIR,
  GICD_SPENDSGIR,
  GICD_PIDR4,
  GICD_PIDR5,
  GICD_PIDR6,
  GICD_PIDR7,
  GICD_PIDR0,
  GICD_PIDR1,
  GICD_PIDR2,
  GICD_PIDR3,
  GICD_CIDR0,
  GICD_CIDR1,
  GICD_CIDR2,
  GICD_CIDR3,
  GICC_CTLR,
  GICC_PMR,
  GICC_BPR,
  GICC_IAR,
  GICC_EOIR,
  GICC_RPR,
  GICC_HPPIR,
  GICC_ABPR,
  GICC_AIAR,
  GICC_AEOIR,
  GICC_AHPPIR,
  GICC_APR,
  GICC_NSAPR,
  GICC_IIDR,
  GICC_DIR,
  MSI_TYPER,
  MSI_SETSPI_NS,
  MSI_IIDR,
};

/// Values of most registers are gathered from the core's state when they are read; the table has their place,
/// access and clause. A write mask of 0 on a writable register means that the device alone decides.
std::vector<RegisterInfo> distributor_table();
std::vector<RegisterInfo> cpu_interface_table();
std::vector<RegisterInfo> v2m_table();

}  // namespace smmuvp::gic
