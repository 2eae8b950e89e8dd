#include "gic_registers.h"

namespace smmuvp::gic {

namespace {

constexpr auto common = SecurityBank::Common;

RegisterInfo array(Id id, const char* name, std::uint32_t offset, std::uint32_t count, Access access,
                   const char* clause) {
  return {id, name, offset, 4, access, 0, 0, clause, common, count};
}

}  // namespace

std::vector<RegisterInfo> distributor_table() {
  return {
      {GICD_CTLR, "GICD_CTLR", 0x000, 4, Access::RW, 0, 0x3, "IHI 0048 4.3.1"},
      {GICD_TYPER, "GICD_TYPER", 0x004, 4, Access::RO, 0, 0, "IHI 0048 4.3.2"},
      // Arm's GIC-400, r0p1.
      {GICD_IIDR, "GICD_IIDR", 0x008, 4, Access::RO, 0x0200143b, 0, "IHI 0048 4.3.3"},
      array(GICD_IGROUPR, "GICD_IGROUPRn", 0x080, 32, Access::RW, "IHI 0048 4.3.4"),
      array(GICD_ISENABLER, "GICD_ISENABLERn", 0x100, 32, Access::RW, "IHI 0048 4.3.5"),
      array(GICD_ICENABLER, "GICD_ICENABLERn", 0x180, 32, Access::RW, "IHI 0048 4.3.6"),
      array(GICD_ISPENDR, "GICD_ISPENDRn", 0x200, 32, Access::RW, "IHI 0048 4.3.7"),
      array(GICD_ICPENDR, "GICD_ICPENDRn", 0x280, 32, Access::RW, "IHI 0048 4.3.8"),
      array(GICD_ISACTIVER, "GICD_ISACTIVERn", 0x300, 32, Access::RW, "IHI 0048 4.3.9"),
      array(GICD_ICACTIVER, "GICD_ICACTIVERn", 0x380, 32, Access::RW, "IHI 0048 4.3.10"),
      array(GICD_IPRIORITYR, "GICD_IPRIORITYRn", 0x400, 255, Access::RW, "IHI 0048 4.3.11"),
      array(GICD_ITARGETSR, "GICD_ITARGETSRn", 0x800, 255, Access::RW, "IHI 0048 4.3.12"),
      array(GICD_ICFGR, "GICD_ICFGRn", 0xc00, 64, Access::RW, "IHI 0048 4.3.13"),
      array(GICD_NSACR, "GICD_NSACRn", 0xe00, 64, Access::RO, "IHI 0048 4.3.14"),
      {GICD_SGIR, "GICD_SGIR", 0xf00, 4, Access::WO, 0, 0, "IHI 0048 4.3.15"},
      array(GICD_CPENDSGIR, "GICD_CPENDSGIRn", 0xf10, 4, Access::RW, "IHI 0048 4.3.16"),
      array(GICD_SPENDSGIR, "GICD_SPENDSGIRn", 0xf20, 4, Access::RW, "IHI 0048 4.3.17"),
      {GICD_PIDR4, "GICD_PIDR4", 0xfd0, 4, Access::RO, 0x04, 0, "IHI 0048 4.3.18"},
      {GICD_PIDR5, "GICD_PIDR5", 0xfd4, 4, Access::RO, 0, 0, "IHI 0048 4.3.18"},
      {GICD_PIDR6, "GICD_PIDR6", 0xfd8, 4, Access::RO, 0, 0, "IHI 0048 4.3.18"},
      {GICD_PIDR7, "GICD_PIDR7", 0xfdc, 4, Access::RO, 0, 0, "IHI 0048 4.3.18"},
      {GICD_PIDR0, "GICD_PIDR0", 0xfe0, 4, Access::RO, 0x90, 0, "IHI 0048 4.3.18"},
      {GICD_PIDR1, "GICD_PIDR1", 0xfe4, 4, Access::RO, 0xb4, 0, "IHI 0048 4.3.18"},
      // Bits 7:4 are the architecture revision, GICv2.
      {GICD_PIDR2, "GICD_PIDR2", 0xfe8, 4, Access::RO, 0x2b, 0, "IHI 0048 4.3.18"},
      {GICD_PIDR3, "GICD_PIDR3", 0xfec, 4, Access::RO, 0, 0, "IHI 0048 4.3.18"},
      {GICD_CIDR0, "GICD_CIDR0", 0xff0, 4, Access::RO, 0x0d, 0, "IHI 0048 4.3.18"},
      {GICD_CIDR1, "GICD_CIDR1", 0xff4, 4, Access::RO, 0xf0, 0, "IHI 0048 4.3.18"},
      {GICD_CIDR2, "GICD_CIDR2", 0xff8, 4, Access::RO, 0x05, 0, "IHI 0048 4.3.18"},
      {GICD_CIDR3, "GICD_CIDR3", 0xffc, 4, Access::RO, 0xb1, 0, "IHI 0048 4.3.18"},
  };
}

std::vector<RegisterInfo> cpu_interface_table() {
  return {
      {GICC_CTLR, "GICC_CTLR", 0x0000, 4, Access::RW, 0, 0, "IHI 0048 4.4.1"},
      {GICC_PMR, "GICC_PMR", 0x0004, 4, Access::RW, 0, 0, "IHI 0048 4.4.2"},
      {GICC_BPR, "GICC_BPR", 0x0008, 4, Access::RW, 0, 0, "IHI 0048 4.4.3"},
      {GICC_IAR, "GICC_IAR", 0x000c, 4, Access::RO, 0, 0, "IHI 0048 4.4.4"},
      {GICC_EOIR, "GICC_EOIR", 0x0010, 4, Access::WO, 0, 0, "IHI 0048 4.4.5"},
      {GICC_RPR, "GICC_RPR", 0x0014, 4, Access::RO, 0, 0, "IHI 0048 4.4.6"},
      {GICC_HPPIR, "GICC_HPPIR", 0x0018, 4, Access::RO, 0, 0, "IHI 0048 4.4.7"},
      {GICC_ABPR, "GICC_ABPR", 0x001c, 4, Access::RW, 0, 0, "IHI 0048 4.4.8"},
      {GICC_AIAR, "GICC_AIAR", 0x0020, 4, Access::RO, 0, 0, "IHI 0048 4.4.9"},
      {GICC_AEOIR, "GICC_AEOIR", 0x0024, 4, Access::WO, 0, 0, "IHI 0048 4.4.10"},
      {GICC_AHPPIR, "GICC_AHPPIR", 0x0028, 4, Access::RO, 0, 0, "IHI 0048 4.4.11"},
      array(GICC_APR, "GICC_APRn", 0x00d0, 4, Access::RW, "IHI 0048 4.4.12"),
      array(GICC_NSAPR, "GICC_NSAPRn", 0x00e0, 4, Access::RW, "IHI 0048 4.4.13"),
      // Bits 19:16 are the architecture version, 2.
      {GICC_IIDR, "GICC_IIDR", 0x00fc, 4, Access::RO, 0x0202143b, 0, "IHI 0048 4.4.14"},
      {GICC_DIR, "GICC_DIR", 0x1000, 4, Access::WO, 0, 0, "IHI 0048 4.4.15"},
  };
}

std::vector<RegisterInfo> v2m_table() {
  return {
      {MSI_TYPER, "MSI_TYPER", 0x008, 4, Access::RO, 0, 0, "Arm SBSA, GICv2m"},
      {MSI_SETSPI_NS, "MSI_SETSPI_NS", 0x040, 4, Access::WO, 0, 0, "Arm SBSA, GICv2m"},
      {MSI_IIDR, "MSI_IIDR", 0xfcc, 4, Access::RO, 0, 0, "Arm SBSA, GICv2m"},
  };
}

}  // namespace smmuvp::gic
