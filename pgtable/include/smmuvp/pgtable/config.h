// What a translation regime is set up with: one value for every format and stage.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace smmuvp::pgtable {

/// The descriptor format of one stage.
enum class Format : std::uint8_t {
  vmsa64,     ///< VMSAv8-64, 64-bit descriptors (DDI 0487 D8)
  lpae32,     ///< VMSAv8-32 long descriptors (DDI 0487 G5). Not built
  v7s,        ///< VMSAv8-32 short descriptors (DDI 0487 G5). Not built
  mali_lpae,  ///< Mali GPU. Not built
};

/// Translation granule; the value is log2 of its size in bytes.
enum class Granule : std::uint8_t { size_4k = 12, size_16k = 14, size_64k = 16 };

/// Which stages a walk goes through.
enum class Stages : std::uint8_t {
  stage1,  ///< VA to PA by stage 1 alone
  stage2,  ///< IPA to PA by stage 2 alone. Not built
  nested,  ///< VA to IPA to PA; stage 1 tables lie in IPA space. Not built
};

/// Translation regime of stage 1: how many VA ranges, and whether unprivileged accesses exist.
enum class Regime : std::uint8_t {
  el1_0,  ///< EL1&0: two VA ranges, privileged and unprivileged
  el2_0,  ///< EL2&0 (E2H): as EL1&0
  el2,    ///< EL2: one VA range, privileged only. Not built
  el3,    ///< EL3: one VA range, privileged only. Not built
};

/// Physical address space (Realm and Root come with RME).
enum class AddressSpace : std::uint8_t { non_secure, secure, realm, root };

/// Shareability, encoded as SH fields are. Value 1 is reserved.
enum class Shareability : std::uint8_t { non_shareable = 0, reserved = 1, outer = 2, inner = 3 };

/// Cacheability and shareability of the table accesses themselves: TCR.{SHx, IRGNx, ORGNx}, as encoded there.
struct WalkAttributes {
  std::uint8_t IRGN = 0;
  std::uint8_t ORGN = 0;
  Shareability SH = Shareability::non_shareable;
};

/// One VA range of stage 1: TTBR0 with its TCR fields, or TTBR1 with its own.
struct TableConfig {
  /// Address of the first table. Bits below the table's alignment are ignored; ASID and CnP must be masked
  /// off by the caller. An address beyond Stage1Config::output_size is an Address size fault, level 0.
  std::uint64_t base = 0;
  std::uint8_t TxSZ = 16;              ///< the range holds 2^(64-TxSZ) bytes; 16 to 39
  Granule granule = Granule::size_4k;  ///< TCR.TGx
  bool EPD = true;                     ///< walks disabled: every access is a Translation fault, level 0
  bool TBI = false;                    ///< VA[63:56] is ignored
  bool HPD = false;                    ///< APTable, UXNTable and PXNTable are ignored (SMMU: CD.HADx)
  bool NS = false;                     ///< Secure only: first table is Non-secure (SMMU: CD.NSCFGx)
  WalkAttributes walk_attributes;      ///< carried in each MemoryOp; no effect on the result
};

/// Stage 1 of a walk.
struct Stage1Config {
  Format format = Format::vmsa64;
  std::array<TableConfig, 2> tables;  ///< by VA[55]: [0] low VA range (TTBR0), [1] high VA range (TTBR1)
  std::uint64_t MAIR = 0;             ///< eight attribute bytes, indexed by AttrIndx
  std::uint8_t output_size = 48;      ///< output address bits (TCR.IPS decoded): 32, 36, 40, 42, 44 or 48
  bool WXN = false;                   ///< writable implies not executable
  bool PAN = false;         ///< privileged data accesses to unprivileged-accessible pages are refused
  bool big_endian = false;  ///< descriptors are big-endian (SCTLR.EE, CD.ENDI)
  bool AFFD = false;        ///< AF=0 does not fault (SMMU: CD.AFFD)
  bool HA = false;          ///< hardware sets AF. Not built: refused
  bool HD = false;          ///< hardware manages dirty state. Not built: refused
};

/// Stage 2 of a walk. Not built: a Config that asks for it is refused.
struct Stage2Config {
  Format format = Format::vmsa64;
  std::uint64_t base = 0;              ///< address of the first (or first of the concatenated) tables
  std::uint8_t T0SZ = 16;              ///< the IPA range holds 2^(64-T0SZ) bytes
  std::int8_t start_level = 0;         ///< VTCR.SL0 decoded
  Granule granule = Granule::size_4k;  ///< VTCR.TG0
  std::uint8_t output_size = 48;       ///< output address bits (VTCR.PS decoded)
  bool big_endian = false;
  bool AFFD = false;  ///< SMMU: STE.S2AFFD
  bool HA = false;
  bool HD = false;
  bool PTW = false;  ///< a stage 1 table in Device memory is a Permission fault
  bool FWB = false;
  WalkAttributes walk_attributes;
};

/// Everything a walk needs apart from the access itself.
struct Config {
  Stages stages = Stages::stage1;
  Regime regime = Regime::el1_0;
  AddressSpace space = AddressSpace::non_secure;  ///< where the first table lies. realm and root: not built
  Stage1Config stage1;
  Stage2Config stage2;
};

/// One reason why a Config cannot be walked. Both texts are literals.
struct ConfigProblem {
  const char* field;   ///< for example "stage1.tables[1].TxSZ"
  const char* reason;  ///< what is legal, and whether the value is illegal or only not built
};

/// All reasons why `config` cannot be walked; empty when it can. A Walk on a refused Config ends at once with
/// FaultKind::configuration and touches no memory.
std::vector<ConfigProblem> validate(const Config& config);

/// Same answer as validate(config).empty(), without allocation.
bool is_walkable(const Config& config);

}  // namespace smmuvp::pgtable
