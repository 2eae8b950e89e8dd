#include <ostream>
#include <sstream>

#include "naive_scenario.h"

namespace smmuvp::pgtable::test {
namespace {

unsigned encoded_size(unsigned output_size) {
  static constexpr unsigned sizes[] = {32, 36, 40, 42, 44, 48, 52};
  unsigned i = 0;
  while (sizes[i] != output_size) ++i;
  return i;
}
unsigned encoded_tg0(Granule g) { return g == Granule::size_4k ? 0 : g == Granule::size_64k ? 1 : 2; }
unsigned encoded_tg1(Granule g) { return g == Granule::size_4k ? 2 : g == Granule::size_64k ? 3 : 1; }
unsigned encoded_sh(const WalkAttributes& a) { return static_cast<unsigned>(a.SH); }

naive::Regime regime(Regime r) {
  switch (r) {
    case Regime::el1_0:
      return naive::Regime::el1_0;
    case Regime::el2_0:
      return naive::Regime::el2_0;
    case Regime::el2:
      return naive::Regime::el2;
    case Regime::el3:
      break;
  }
  return naive::Regime::el3;
}

naive::Space space(AddressSpace s) {
  return s == AddressSpace::secure ? naive::Space::secure : naive::Space::non_secure;
}

std::uint64_t ttbr(std::uint64_t base, Granule granule, bool LPA, bool DS, unsigned output_size) {
  return naive::ttbr_of_address(base, granule == Granule::size_64k ? LPA && output_size == 52 : DS);
}

naive::Stage1_64 stage1_64(const Config& c) {
  const Stage1Config& s1 = c.stage1;
  const TableConfig& t0 = s1.tables[0];
  const TableConfig& t1 = s1.tables[1];
  naive::Stage1_64 n;
  n.regime = regime(c.regime);
  n.space = space(c.space);
  n.NSCFG0 = t0.NS;
  n.NSCFG1 = t1.NS;
  n.T0SZ = t0.TxSZ;
  n.T1SZ = t1.TxSZ;
  n.TG0 = encoded_tg0(t0.granule);
  n.TG1 = encoded_tg1(t1.granule);
  n.SH0 = encoded_sh(t0.walk_attributes);
  n.SH1 = encoded_sh(t1.walk_attributes);
  n.EPD0 = t0.EPD;
  n.EPD1 = t1.EPD;
  n.TBI0 = t0.TBI;
  n.TBI1 = t1.TBI;
  n.HPD0 = t0.HPD;
  n.HPD1 = t1.HPD;
  n.E0PD0 = t0.E0PD;
  n.E0PD1 = t1.E0PD;
  n.IPS = encoded_size(s1.output_size);
  n.TTBR0 = ttbr(t0.base, t0.granule, s1.LPA, s1.DS, s1.output_size);
  n.TTBR1 = ttbr(t1.base, t1.granule, s1.LPA, s1.DS, s1.output_size);
  n.MAIR = s1.MAIR;
  n.WXN = s1.WXN;
  n.PAN = s1.PAN;
  n.HA = s1.HA;
  n.HD = s1.HD;
  n.AFFD = s1.AFFD;
  n.DS = s1.DS;
  n.EE = s1.big_endian;
  return n;
}

naive::Stage2_64 stage2_64(const Config& c) {
  const Stage2Config& s2 = c.stage2;
  naive::Stage2_64 n;
  n.T0SZ = static_cast<unsigned>(s2.T0SZ);
  n.TG0 = encoded_tg0(s2.granule);
  // SL0 counts levels from the bottom: from level 2 with 4 KiB, where 3 and -1 have codes of their own.
  if (s2.granule != Granule::size_4k) {
    n.SL0 = static_cast<unsigned>(3 - s2.start_level);
  } else if (s2.start_level == -1) {
    n.SL0 = 0;
    n.SL2 = true;
  } else {
    n.SL0 = s2.start_level == 3 ? 3 : static_cast<unsigned>(2 - s2.start_level);
  }
  n.SH0 = encoded_sh(s2.walk_attributes);
  n.PS = encoded_size(s2.output_size);
  n.VTTBR = ttbr(s2.base, s2.granule, s2.LPA, s2.DS, s2.output_size);
  n.HA = s2.HA;
  n.HD = s2.HD;
  n.AFFD = s2.AFFD;
  n.PTW = s2.PTW;
  n.FWB = s2.FWB;
  n.DS = s2.DS;
  n.EE = s2.big_endian;
  n.XNX = s2.XNX;
  return n;
}

naive::Stage1_LD stage1_long(const Config& c) {
  const Stage1Config& s1 = c.stage1;
  naive::Stage1_LD n;
  n.regime = regime(c.regime);
  n.space = space(c.space);
  n.NSCFG0 = s1.tables[0].NS;
  n.NSCFG1 = s1.tables[1].NS;
  n.T0SZ = s1.tables[0].TxSZ;
  n.T1SZ = s1.tables[1].TxSZ;
  n.EPD0 = s1.tables[0].EPD;
  n.EPD1 = s1.tables[1].EPD;
  n.HPD0 = s1.tables[0].HPD;
  n.HPD1 = s1.tables[1].HPD;
  n.TTBR0 = s1.tables[0].base;
  n.TTBR1 = s1.tables[1].base;
  n.MAIR0 = static_cast<std::uint32_t>(s1.MAIR);
  n.MAIR1 = static_cast<std::uint32_t>(s1.MAIR >> 32);
  n.WXN = s1.WXN;
  n.UWXN = s1.UWXN;
  n.PAN = s1.PAN;
  n.AFFD = s1.AFFD;
  n.EE = s1.big_endian;
  return n;
}

naive::Stage2_LD stage2_long(const Config& c) {
  const Stage2Config& s2 = c.stage2;
  naive::Stage2_LD n;
  n.T0SZ = s2.T0SZ;
  n.SL0 = s2.start_level == 1 ? 1 : 0;
  n.VTTBR = s2.base;
  n.PTW = s2.PTW;
  n.AFFD = s2.AFFD;
  n.EE = s2.big_endian;
  n.XNX = s2.XNX;
  return n;
}

naive::Stage1_SD stage1_short(const Config& c) {
  const Stage1Config& s1 = c.stage1;
  naive::Stage1_SD n;
  n.space = space(c.space);
  n.N = s1.v7s.N;
  n.PD0 = s1.tables[0].EPD;
  n.PD1 = s1.tables[1].EPD;
  n.TTBR0 = static_cast<std::uint32_t>(s1.tables[0].base);
  n.TTBR1 = static_cast<std::uint32_t>(s1.tables[1].base);
  n.DACR = s1.v7s.DACR;
  n.AFE = s1.v7s.AFE;
  n.TRE = s1.v7s.TRE;
  n.AFFD = s1.AFFD;
  n.PRRR = s1.v7s.PRRR;
  n.NMRR = s1.v7s.NMRR;
  n.WXN = s1.WXN;
  n.UWXN = s1.UWXN;
  n.PAN = s1.PAN;
  n.EE = s1.big_endian;
  return n;
}

}  // namespace

naive::Configuration to_naive(const Config& config) {
  naive::Configuration n;
  const bool stage1 = config.stages != Stages::stage2;
  const bool stage2 = config.stages != Stages::stage1;
  const bool LPA = (stage1 && config.stage1.LPA) || (stage2 && config.stage2.LPA);
  n.system.PAMax = LPA ? 52 : 48;
  n.choices.none_updates_access_flag = true;
  n.choices.contiguous_extends_output = false;
  if (stage1) {
    switch (config.stage1.format) {
      case Format::vmsa64:
        n.stage1 = stage1_64(config);
        break;
      case Format::lpae32:
        n.stage1 = stage1_long(config);
        break;
      case Format::v7s:
        n.stage1 = stage1_short(config);
        break;
      case Format::mali_lpae: {
        naive::Mali m;
        m.TRANSTAB = config.stage1.tables[0].base;
        m.MEMATTR = config.stage1.MAIR;
        n.stage1 = m;
        break;
      }
    }
  }
  if (stage2) {
    if (config.stage2.format == Format::vmsa64) {
      n.stage2 = stage2_64(config);
    } else {
      n.stage2 = stage2_long(config);
    }
  }
  return n;
}

naive::Request to_naive(const WalkRequest& request) {
  naive::Request n;
  n.address = request.va;
  n.privileged = request.privileged;
  n.side_effects = request.side_effects;
  switch (request.access) {
    case AccessType::none:
      n.access = naive::Access::none;
      break;
    case AccessType::read:
      n.access = naive::Access::read;
      break;
    case AccessType::write:
      n.access = naive::Access::write;
      break;
    case AccessType::read_write:
      n.access = naive::Access::atomic;
      break;
    case AccessType::execute:
      n.access = naive::Access::execute;
      break;
  }
  return n;
}

std::string describe(const NaiveScenario& scenario, const WalkRequest& request) {
  const Config& c = scenario.config;
  const Stage1Config& s1 = c.stage1;
  const Stage2Config& s2 = c.stage2;
  std::ostringstream s;
  s << to_string(scenario.family) << " stages " << static_cast<int>(c.stages) << " regime "
    << static_cast<int>(c.regime) << " space " << static_cast<int>(c.space) << "\n  request " << std::hex
    << request.va << " access " << static_cast<int>(request.access) << " privileged " << request.privileged
    << " side effects " << request.side_effects;
  if (c.stages != Stages::stage2) {
    s << "\n  stage 1: format " << static_cast<int>(s1.format) << std::dec << " output "
      << int{s1.output_size} << " LPA " << s1.LPA << " DS " << s1.DS << " WXN " << s1.WXN << " UWXN "
      << s1.UWXN << " PAN " << s1.PAN << " AFFD " << s1.AFFD << " HA " << s1.HA << " HD " << s1.HD << " EE "
      << s1.big_endian << std::hex << " MAIR " << s1.MAIR;
    if (s1.format == Format::v7s) {
      s << " N " << int{s1.v7s.N} << " DACR " << s1.v7s.DACR << " AFE " << s1.v7s.AFE << " TRE " << s1.v7s.TRE
        << " PRRR " << s1.v7s.PRRR << " NMRR " << s1.v7s.NMRR;
    }
    for (const TableConfig& t : s1.tables) {
      s << " [base " << std::hex << t.base << std::dec << " TxSZ " << int{t.TxSZ} << " granule "
        << static_cast<int>(t.granule) << " EPD " << t.EPD << " TBI " << t.TBI << " HPD " << t.HPD << " E0PD "
        << t.E0PD << " NS " << t.NS << " SH " << encoded_sh(t.walk_attributes) << "]";
    }
  }
  if (c.stages != Stages::stage1) {
    s << "\n  stage 2: format " << static_cast<int>(s2.format) << std::hex << " base " << s2.base << std::dec
      << " T0SZ " << int{s2.T0SZ} << " start " << int{s2.start_level} << " granule "
      << static_cast<int>(s2.granule) << " output " << int{s2.output_size} << " LPA " << s2.LPA << " DS "
      << s2.DS << " AFFD " << s2.AFFD << " HA " << s2.HA << " HD " << s2.HD << " PTW " << s2.PTW << " FWB "
      << s2.FWB << " XNX " << s2.XNX << " EE " << s2.big_endian << " SH " << encoded_sh(s2.walk_attributes);
  }
  return s.str();
}

}  // namespace smmuvp::pgtable::test
