#include "smmuvp/smmuv2/features.h"

#include <algorithm>

#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

constexpr std::uint32_t bit(bool value, unsigned at) { return static_cast<std::uint32_t>(value) << at; }
constexpr std::uint32_t field(std::uint32_t value, unsigned at) { return value << at; }

// 9.6.1, IDR2: codes 0 to 5. UBS has one bit more at code 5, and 64 bits at code 15.
constexpr std::uint8_t size_code(std::uint8_t bits) {
  switch (bits) {
    case 32:
      return 0;
    case 36:
      return 1;
    case 40:
      return 2;
    case 42:
      return 3;
    case 44:
      return 4;
    case 48:
    case 49:
      return 5;
    default:
      return 15;
  }
}

bool is_address_size(std::uint8_t bits) { return bits != 49 && size_code(bits) <= 5; }
bool is_bus_size(std::uint8_t bits) { return bits == 64 || (bits != 48 && size_code(bits) <= 5); }

constexpr bool resets_to_one(FixedBit bit) {
  return bit == FixedBit::one || bit == FixedBit::programmable_one;
}

const char* stages_problem(const Features& f) {
  if (!f.S1TS && !f.S2TS) return "S1TS or S2TS has to be 1: an SMMU translates by one stage at least";
  if (f.NTS && !(f.S1TS && f.S2TS)) return "NTS needs both stages of translation (S1TS and S2TS)";
  if (f.ATOSNS && !f.S1TS) return "ATOSNS is 0 without stage 1 translation (S1TS)";
  if (f.PTFS > 2) return "PTFS is 0, 1 or 2";
  if (!f.aarch32() && !f.aarch64()) {
    return "PTFS 2 needs an AArch64 format (PTFSv8_4kB, PTFSv8_16kB or PTFSv8_64kB)";
  }
  return nullptr;
}

const char* sizes_problem(const Features& f) {
  if (!is_address_size(f.OAS)) return "OAS is 32, 36, 40, 42, 44 or 48";
  if (!is_address_size(f.IAS)) return "IAS is 32, 36, 40, 42, 44 or 48";
  if (!is_bus_size(f.UBS)) return "UBS is 32, 36, 40, 42, 44, 49 or 64";
  // 1.6.1: the same value of the fields, so that 49 goes with 48
  if (!f.S1TS && f.UBS_code() != f.IAS_code()) {
    return "UBS has the size of IAS without stage 1 translation (S1TS)";
  }
  if (!f.S2TS && f.IAS != f.OAS) return "IAS is OAS without stage 2 translation (S2TS)";
  if (f.HAFDBS > 3 || f.HAFDBS == 2) return "HAFDBS is 0, 1 or 3";
  if ((f.HAFDBS != 0 || f.HADS) && !f.aarch64()) {
    return "HAFDBS and HADS need an AArch64 format (PTFSv8_4kB, PTFSv8_16kB or PTFSv8_64kB)";
  }
  return nullptr;
}

const char* streams_problem(const Features& f) {
  if (f.NUMSIDB > 15) return "NUMSIDB is 0 to 15";
  if (f.EXIDS && f.NUMSIDB != 15) return "EXIDS needs NUMSIDB 15";
  if (f.NUMSMRG > 128) return "NUMSMRG is 0 to 128";
  // 2.3.2, Table 2-1
  if (!f.SMS && f.EXIDS) return "EXIDS needs stream matching (SMS)";
  if (!f.SMS && f.NUMSMRG == 0) return "NUMSMRG is at least 1 with stream indexing (SMS 0)";
  if (!f.SMS && f.NUMSIDB > 7) return "NUMSIDB is at most 7 with stream indexing (SMS 0)";
  return nullptr;
}

const char* map_problem(const Features& f) {
  if (f.NUMPAGENDXB > 7) return "NUMPAGENDXB is 0 to 7";
  if (f.NUMCB > 128) return "NUMCB is 0 to 128";
  if (f.NUMCB > f.pages()) return "NUMCB does not fit into the pages that NUMPAGENDXB gives";
  if (f.NUMS2CB > f.NUMCB) return "NUMS2CB is at most NUMCB";
  if (f.NUMS2CB != 0 && !f.S2TS) return "NUMS2CB is 0 without stage 2 translation (S2TS)";
  if (f.NUMIRPT > 128) return "NUMIRPT is 0 to 128";
  if (f.NUMIRPT == 0 && f.version != 1) return "NUMIRPT is at least 1 in SMMUv2";  // 3.6.2
  if (f.CBNDX_bits > 8 || (f.NUMCB > 1 && (f.NUMCB - 1) >> f.CBNDX_bits != 0)) {
    return "CBNDX_bits is at most 8, and enough for all banks (NUMCB)";
  }
  if (f.SSDTP > 3 || f.SSDTP == 2) return "SSDTP is 0, 1 or 3";
  if (f.NUMSSDNDXB > 15) return "NUMSSDNDXB is 0 to 15";
  if (f.SSDTP == 3 && f.NUMSSDNDXB != 15) return "SSDTP 3 needs NUMSSDNDXB 15";
  if (f.SSDTP != 0 && !f.SES) return "SSDTP needs two Security states (SES)";
  // 8.2: pages 4 and 5; with 64 KiB pages, page 4 has all
  const unsigned ssd_pages = f.SSDTP == 3 && !f.PAGESIZE ? 2 : 1;
  if (f.SSDTP != 0 && f.pages() < 4 + ssd_pages) return "SSDTP needs more pages than NUMPAGENDXB gives";
  if (f.counter_groups != 0 && f.pages() < 4) return "counter_groups need more pages than NUMPAGENDXB gives";
  return nullptr;
}

const char* choices_problem(const Features& f) {
  if ((f.GSE || f.STALLD) && !f.stalls) return "GSE and STALLD need the Stall fault model (stalls)";
  if (resets_to_one(f.SCR1_NSCAFRO) && (!f.CAF || f.version == 1))
    return "SCR1_NSCAFRO needs configuration access faults (CAF), and SMMUv2";
  if (f.counter_groups > 256) return "counter_groups is 0 to 256";
  if (f.CGNC > 15 || (f.counter_groups != 0 && f.CGNC == 0)) return "CGNC is 1 to 15";
  if (f.counters() > 256) return "counter_groups times CGNC is at most 256";
  if (f.MAJOR > 15 || f.MINOR > 15) return "MAJOR and MINOR are 0 to 15";
  return nullptr;
}

// 1.1.4 and the notes of 9.6.1: what SMMUv1 has not got, or has otherwise.
const char* version_problem(const Features& f) {
  if (f.version != 1 && f.version != 2) return "version is 1 or 2";
  if (f.version == 2) {
    return f.aarch64_in_v1 ? "aarch64_in_v1 is for SMMUv1 (version 1)" : nullptr;
  }
  if (f.EXIDS) return "EXIDS is 0 in SMMUv1 (version 1)";
  if (f.ATOSNS) return "ATOSNS is 0 in SMMUv1 (version 1)";
  if (f.PTFS > 1) return "PTFS is 0 or 1 in SMMUv1 (version 1)";
  if (f.SSDTP > 1) return "SSDTP is 0 or 1 in SMMUv1 (version 1)";
  if (f.HAFDBS != 0) return "HAFDBS is 0 in SMMUv1 (version 1)";
  if (f.DIPANS || f.HADS || f.VMID16S) return "DIPANS, HADS and VMID16S are 0 in SMMUv1 (version 1)";
  if (f.PTFSv8_4kB || f.PTFSv8_16kB) return "PTFSv8_4kB and PTFSv8_16kB are 0 in SMMUv1 (version 1)";
  if (f.PTFSv8_64kB != f.aarch64_in_v1) {
    return "PTFSv8_64kB is 0 in SMMUv1 (version 1), but with aarch64_in_v1";
  }
  if (f.OAS > 40 && !f.aarch64_in_v1) return "OAS is at most 40 in SMMUv1 (version 1)";
  if (f.IAS > 40 && !f.aarch64_in_v1) return "IAS is at most 40 in SMMUv1 (version 1)";
  if (f.UBS_code() != f.IAS_code()) return "UBS has the size of IAS in SMMUv1 (version 1)";
  return nullptr;
}

}  // namespace

std::uint8_t Features::UBS_code() const { return size_code(UBS); }
std::uint8_t Features::OAS_code() const { return size_code(OAS); }
std::uint8_t Features::IAS_code() const { return size_code(IAS); }

const char* Features::problem() const {
  for (const auto rules :
       {version_problem, stages_problem, sizes_problem, streams_problem, map_problem, choices_problem}) {
    if (const char* what = rules(*this)) return what;
  }
  return nullptr;
}

std::uint32_t SCR1_reset(const Features& f) {
  if (!f.SES) return 0;
  return bit(resets_to_one(f.SCR1_NSCAFRO), SCR1_NSCAFRO.low) |
         bit(resets_to_one(f.SCR1_GEFRO), SCR1_GEFRO.low) | field(f.NUMIRPT, SCR1_NSNUMIRPTO.low) |
         field(f.NUMSMRG, SCR1_NSNUMSMRGO.low) | f.NUMCB;
}

IdRegisters id_registers(const Features& f) { return id_registers(f, AccessSecurity::Secure, SCR1_reset(f)); }

// 9.6.1. What is not set here is reserved, or belongs to what is not built: EXSMRGS, COMPINDEXS, E2HS,
// EXNUMSMRG.
IdRegisters id_registers(const Features& f, AccessSecurity reader, std::uint32_t SCR1) {
  const bool v2 = f.version != 1;
  // Non-secure software sees what SCR1 leaves to it.
  const bool all = !f.SES || reader == AccessSecurity::Secure;
  const auto count = [&](std::uint8_t implemented, const Field& left) {
    return all ? implemented : static_cast<std::uint32_t>(get(SCR1, left));
  };
  IdRegisters id;
  id.IDR0 = bit(f.SES && all, 31) | bit(f.S1TS, 30) | bit(f.S2TS, 29) | bit(f.NTS, 28) | bit(f.SMS, 27) |
            bit(f.ATOSNS, 26) | field(f.PTFS, 24) | field(count(f.NUMIRPT, SCR1_NSNUMIRPTO), 16) |
            bit(f.CTTW, 14) | bit(f.BTM, 13) | field(f.NUMSIDB, 9) | bit(f.EXIDS, 8) |
            count(f.NUMSMRG, SCR1_NSNUMSMRGO);
  id.IDR1 = bit(f.PAGESIZE, 31) | field(f.NUMPAGENDXB, 28) | field(f.HAFDBS, 24) | field(f.NUMS2CB, 16) |
            bit(f.SMCD, 15) | field(all ? f.SSDTP : 0, 12) | field(all ? f.NUMSSDNDXB : 0, 8) |
            count(f.NUMCB, SCR1_NSNUMCBO);
  id.IDR2 = bit(f.DIPANS, 30) | bit(f.HADS, 28) | bit(f.VMID16S, 15) | bit(v2 && f.PTFSv8_64kB, 14) |
            bit(f.PTFSv8_16kB, 13) | bit(f.PTFSv8_4kB, 12) | field(v2 ? f.UBS_code() : 0, 8) |
            field(f.OAS_code(), 4) | f.IAS_code();
  id.IDR4 = f.IDR4;
  id.IDR5 = f.IDR5;
  id.IDR7 = field(f.MAJOR, 4) | f.MINOR;
  if (f.PIDR != 0) {
    for (unsigned i = 0; i < 8; ++i) id.PIDR[i] = static_cast<std::uint8_t>(f.PIDR >> (8 * i));
    for (unsigned i = 0; i < 4; ++i) id.CIDR[i] = static_cast<std::uint8_t>(f.CIDR >> (8 * i));
  }
  return id;
}

}  // namespace smmuvp::smmuv2
