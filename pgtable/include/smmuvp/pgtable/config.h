// What a translation regime is set up with: one value for every format and stage.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "smmuvp/pgtable/types.h"

namespace smmuvp::pgtable {

/// The descriptor format of one stage.
enum class Format : std::uint8_t {
  vmsa64,     ///< VMSAv8-64, 64-bit descriptors (DDI 0487 D8)
  lpae32,     ///< VMSAv8-32 Long-descriptor format (DDI 0487 G5.5)
  v7s,        ///< VMSAv8-32 Short-descriptor format (DDI 0487 G5.4); stage 1 only
  mali_lpae,  ///< Mali GPUs; stage 1 only. No public Arm document: as Linux's io-pgtable makes it
};

/// Translation granule; the value is log2 of its size in bytes.
enum class Granule : std::uint8_t { size_4k = 12, size_16k = 14, size_64k = 16 };

/// Which stages a walk goes through.
enum class Stages : std::uint8_t {
  stage1,  ///< VA to PA by stage 1 alone
  stage2,  ///< IPA to PA by stage 2 alone
  nested,  ///< VA to IPA to PA; stage 1 tables lie in IPA space
};

/// Translation regime of stage 1: how many VA ranges, and whether unprivileged accesses exist.
enum class Regime : std::uint8_t {
  el1_0,  ///< EL1&0 (AArch32: PL1&0): two VA ranges, privileged and unprivileged
  el2_0,  ///< EL2&0 (E2H): as EL1&0
  el2,    ///< EL2 (AArch32: PL2): one VA range, privileged only
  el3,    ///< EL3: one VA range, privileged only
};

/// Cacheability and shareability of the table accesses themselves: TCR.{SHx, IRGNx, ORGNx}, as encoded there.
/// With DS the leaves of 4 and 16 KiB granules take their shareability from SH too.
struct WalkAttributes {
  std::uint8_t IRGN = 0;
  std::uint8_t ORGN = 0;
  Shareability SH = Shareability::non_shareable;
};

/// One VA range of stage 1: TTBR0 with its TCR fields, or TTBR1 with its own.
struct TableConfig {
  /// Address of the first table, as a number (52-bit encodings of TTBRs undone). Bits below the table's
  /// alignment are ignored; ASID and CnP must be masked off by the caller. An address beyond
  /// Stage1Config::output_size is an Address size fault, level 0. v7s: bits above 31 are ignored.
  std::uint64_t base = 0;
  /// vmsa64: the range holds 2^(64-TxSZ) bytes, 12 to 48 (validate() says which with what). lpae32:
  /// 2^(32-TxSZ) bytes, 0 to 7. mali_lpae: as vmsa64, 16 to 39, but always
  /// four levels. v7s: ignored, see V7sConfig::N.
  std::uint8_t TxSZ = 16;
  Granule granule = Granule::size_4k;  ///< TCR.TGx; vmsa64 only, the other formats have 4 KiB pages
  /// Walks disabled (v7s: PDx): every access is a Translation fault, level 0 (AArch32: 1). IGNORED where
  /// there is one range only (IHI 0070 5.4, CD.EPD0).
  bool EPD = true;
  bool TBI = false;                ///< VA[63:56] is ignored; vmsa64 only
  bool HPD = false;                ///< APTable, XNTable and PXNTable are ignored (SMMU: CD.HADx)
  bool E0PD = false;               ///< unprivileged accesses are Translation faults, level 0; vmsa64 only
  bool NS = false;                 ///< Secure only: first table is Non-secure (SMMU: CD.NSCFGx)
  WalkAttributes walk_attributes;  ///< carried in each MemoryOp
};

/// What only the Short-descriptor format has (DDI 0487 G5.4, G8: TTBCR, DACR, PRRR, NMRR, SCTLR).
struct V7sConfig {
  std::uint8_t N = 0;  ///< TTBCR.N, 0 to 7: VAs with a bit of VA[31:32-N] set use TTBR1
  /// Two bits a domain: 0b00 no access, 0b01 client, 0b11 manager; the reserved 0b10 is no access. SMMUs have
  /// no such register: all domains are clients there, 0x55555555.
  std::uint32_t DACR = 0;
  bool AFE = false;  ///< AP[0] is the Access flag
  bool TRE = false;  ///< TEX[0], C and B index PRRR and NMRR
  std::uint32_t PRRR = 0;
  std::uint32_t NMRR = 0;
};

/// Stage 1 of a walk.
struct Stage1Config {
  Format format = Format::vmsa64;
  /// [0] low VA range (TTBR0), [1] high VA range (TTBR1). Regimes el2 and el3, and mali_lpae, have only [0].
  std::array<TableConfig, 2> tables;
  std::uint64_t MAIR =
      0;  ///< eight attribute bytes, indexed by AttrIndx (lpae32: MAIR1:MAIR0; Mali: MEMATTR)
  /// Output address bits (TCR.IPS decoded): 32, 36, 40, 42, 44, 48 or 52. lpae32 and v7s: 32, 36
  /// or 40. mali_lpae: 40.
  /// 52 acts as 48 for a range whose descriptors cannot hold 52 bits.
  std::uint8_t output_size = 48;
  bool LPA = false;         ///< 64 KiB granule: descriptor bits [15:12] are OA[51:48] (FEAT_LPA)
  bool DS = false;          ///< 4 and 16 KiB granules: 52-bit descriptors (FEAT_LPA2, TCR.DS)
  bool WXN = false;         ///< writable implies not executable
  bool UWXN = false;        ///< AArch32: writable at PL0 implies not executable at PL1
  bool PAN = false;         ///< privileged data accesses to unprivileged-accessible pages are refused
  bool EPAN = false;        ///< PAN counts what unprivileged code can execute as well; vmsa64 only
  bool big_endian = false;  ///< descriptors are big-endian (SCTLR.EE, CD.ENDI)
  bool AFFD = false;        ///< AF=0 does not fault (SMMU: CD.AFFD); ignored with HA
  bool HA = false;          ///< hardware sets AF; vmsa64 only
  bool HD = false;          ///< hardware manages dirty state; needs HA
  bool SIF = false;         ///< Secure only: what comes out Non-secure is not executable (SMMU: S_CR0.SIF)
  V7sConfig v7s;
};

/// Stage 2 of a walk; vmsa64 or lpae32.
struct Stage2Config {
  Format format = Format::vmsa64;
  std::uint64_t base = 0;  ///< address of the first (or first of the concatenated) tables, as a number
  /// vmsa64: the IPA range holds 2^(64-T0SZ) bytes, 12 to 48. lpae32: 2^(32-T0SZ) bytes, -8 to 7.
  std::int8_t T0SZ = 16;
  std::int8_t start_level = 0;         ///< VTCR.SL0 (and SL2) decoded: -1 to 3
  Granule granule = Granule::size_4k;  ///< VTCR.TG0; lpae32: 4 KiB
  std::uint8_t output_size = 48;       ///< output address bits (VTCR.PS decoded); lpae32: 32, 36, 40
  bool LPA = false;                    ///< as Stage1Config::LPA
  bool DS = false;                     ///< as Stage1Config::DS
  bool big_endian = false;
  bool AFFD = false;  ///< SMMU: STE.S2AFFD; ignored with HA
  bool HA = false;
  bool HD = false;
  bool PTW = false;     ///< a stage 1 table in Device memory is a Permission fault
  bool PTWNNC = false;  ///< without PTW: it is accessed as Normal Non-cacheable memory
  bool FWB = false;     ///< MemAttr replaces stage 1 attributes instead of weakening them (FEAT_S2FWB)
  bool XNX = false;     ///< XN has two bits, one each for privileged and unprivileged (FEAT_XNX)
  /// IHI 0062 2.4.1, 2.7.1: Reserved MemAttr is Device-nGnRnE, and bits [63:60] say how the tables of stage 1
  /// allocate, too.
  bool SMMUv2 = false;
  WalkAttributes walk_attributes;
};

/// What stage 2 of the Secure state has besides (IHI 0070 3.10.2.2; DDI 0487 D17, VSTCR_EL2, VSTTBR_EL2). Its
/// Stage2Config is that of Non-secure IPAs, and gives all that is not here to Secure IPAs as well.
struct SecureStage2Config {
  std::uint64_t base = 0;  ///< as Stage2Config::base, of Secure IPAs, and so on
  std::int8_t T0SZ = 16;
  std::int8_t start_level = 0;
  Granule granule = Granule::size_4k;
  bool SW = false;   ///< tables of Secure IPAs are Non-secure (STE.S2SW); implies SA
  bool SA = false;   ///< Secure IPAs become Non-secure addresses (STE.S2SA); implies NSA
  bool NSW = false;  ///< tables of Non-secure IPAs are Non-secure (STE.S2NSW); implies NSA
  bool NSA = false;  ///< Non-secure IPAs become Non-secure addresses (STE.S2NSA)
};

/// Everything a walk needs apart from the access itself.
struct Config {
  Stages stages = Stages::stage1;
  Regime regime = Regime::el1_0;
  /// Of the stream or processor: where the first table of stage 1 lies, but for TableConfig::NS, and whether
  /// stage 2 has two IPA spaces. realm and root: not built.
  AddressSpace space = AddressSpace::non_secure;
  Stage1Config stage1;
  Stage2Config stage2;
  SecureStage2Config secure_stage2;  ///< with a stage 2 of the Secure space; vmsa64 only
};

/// One reason why a Config cannot be walked. Both texts are literals.
struct ConfigProblem {
  const char* field;   ///< for example "stage1.tables[1].TxSZ"
  const char* reason;  ///< what is legal, and whether the value is illegal or only not built
};

/// The Stage2Config of Secure IPAs, of a Config of the Secure space.
Stage2Config of_secure_ipas(const Config& config);

/// All reasons why `config` cannot be walked; empty when it can. Stages that `stages` does not name are not
/// looked at. A Walk on a refused Config ends at once with FaultKind::configuration and touches no memory.
std::vector<ConfigProblem> validate(const Config& config);

/// Same answer as validate(config).empty(), without allocation.
bool is_walkable(const Config& config);

}  // namespace smmuvp::pgtable
