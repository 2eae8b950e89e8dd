// SPDX-License-Identifier: MIT
//
// Random parameters, registers, tables and accesses: whatever a guest writes, the naive SMMUv2 ends each
// access in a way that the specification has, and throws nothing.
#include <random>

#include "test_smmu.h"

using namespace naive_smmuv2_test;

namespace {

class NaiveRandomV2 : public testing::Test {
 protected:
  uint64_t any() { return m_random(); }
  unsigned up_to(unsigned n) { return unsigned(m_random() % (n + 1)); }
  bool sometimes(unsigned one_in) { return m_random() % one_in == 0; }

  Parameters random_parameters() {
    Parameters p;
    p.SES = sometimes(2);
    if (sometimes(5)) p.S1TS = p.NTS = false;
    if (p.S1TS && sometimes(5)) p.S2TS = p.NTS = false;
    p.NTS = p.NTS && !sometimes(5);
    p.SMS = !sometimes(4);
    p.ATOSNS = p.S1TS && sometimes(4);
    p.PTFS = up_to(2);
    p.NUMIRPT = sometimes(2) ? 1 : up_to(8);
    p.NUMSIDB = p.SMS ? up_to(15) : up_to(7);
    p.EXIDS = p.NUMSIDB == 15 && sometimes(2);
    p.NUMSMRG = up_to(8);
    p.PAGESIZE = up_to(1);
    p.NUMPAGENDXB = 2 + up_to(2);
    p.HAFDBS = sometimes(3) ? 0 : sometimes(2) ? 1 : 3;
    p.NUMCB = up_to(8);
    p.NUMS2CB = p.S2TS ? up_to(p.NUMCB) : 0;
    p.SMCD = sometimes(2);
    p.SSDTP = sometimes(3) ? 0 : 1;
    p.NUMSSDNDXB = up_to(15);
    p.DIPANS = sometimes(2);
    p.HADS = sometimes(2);
    p.VMID16S = sometimes(2);
    p.PTFSv8_64KB = sometimes(2);
    p.PTFSv8_16KB = sometimes(2);
    p.PTFSv8_4KB = sometimes(2) || (p.PTFS == 2 && !p.PTFSv8_64KB && !p.PTFSv8_16KB);
    p.OAS = up_to(5);
    p.IAS = p.S2TS ? up_to(5) : p.OAS;
    p.UBS = p.S1TS ? (sometimes(6) ? 15 : up_to(5)) : p.IAS;
    p.stall = !sometimes(4);
    p.GSE = sometimes(2);
    p.unknown = uint32_t(any());
    if (sometimes(2)) {
      p.counter_groups = 1 + up_to(3);
      p.CGNC = 1 + up_to(3);
    }
    if (sometimes(4)) as_SMMUv1(p);
    return p;
  }

  void as_SMMUv1(Parameters& p) {
    p.version = 1;
    p.ATOSNS = p.EXIDS = p.DIPANS = p.HADS = p.VMID16S = false;
    p.PTFSv8_64KB = p.PTFSv8_16KB = p.PTFSv8_4KB = false;
    p.HAFDBS = p.UBS = 0;
    p.PTFS = up_to(1);
    p.OAS = up_to(2);
    p.IAS = p.S2TS ? up_to(2) : p.OAS;
  }

  /// Every word may be a descriptor, and points into the small memory that the tables are in.
  class Tables : public Memory {
   public:
    explicit Tables(std::mt19937_64& random) : m_random(random) {}
    std::optional<Bytes> read(uint64_t, unsigned, naive::Space) override {
      if (m_random() % 64 == 0) return std::nullopt;
      uint64_t value = m_random();
      if (m_random() % 4 != 0) value |= 0x403;
      if (m_random() % 2 != 0) value &= 0xFFF000000000FFFF | (m_random() & 0xFFFFFFF000);
      Bytes bytes{};
      for (unsigned n = 0; n < 8; n++) bytes[n] = static_cast<uint8_t>(value >> (8 * n));
      return bytes;
    }
    naive::Swap compare_and_swap(uint64_t, unsigned, naive::Space, const Bytes&, const Bytes&) override {
      switch (m_random() % 8) {
        case 0:
          return naive::Swap::differs;
        case 1:
          return naive::Swap::external_abort;
        case 2:
          return naive::Swap::unsupported;
        default:
          return naive::Swap::done;
      }
    }

   private:
    std::mt19937_64& m_random;
  };

  /// What random words would seldom be: streams that match, banks that are there, stalls that are allowed.
  void configure(Smmu& smmu) {
    const uint64_t page = smmu.parameters().page_bytes();
    const uint64_t half = smmu.parameters().pages() * page;
    if (sometimes(2)) smmu.write(4, 4, true, up_to(8) | (up_to(8) << 8) | (up_to(8) << 16));
    for (bool secure : {true, false}) {
      smmu.write(0, 4, secure, any() & ~uint64_t{sometimes(4) ? 0x1u : 0x101u});
      for (unsigned n = 0; n < 8; n++) {
        if (!sometimes(8)) smmu.write(0x800 + 4 * n, 4, secure, 0x80000000 | n);
        smmu.write(0xC00 + 4 * n, 4, secure,
                   (any() & 0x3FFCFC00) | up_to(7) | (sometimes(8) ? up_to(3) << 16 : 0));
        smmu.write(page + 4 * n, 4, secure, (any() & 0xFFFCF0FF) | (up_to(7) << 8) | (up_to(3) << 16));
        smmu.write(page + 0x800 + 4 * n, 4, secure, any());
        smmu.write(half + n * page, 4, secure, any() | 1);
        smmu.write(half + n * page + 0x30, 4, secure, (any() & 0xFFE0FFE0) | 0x00190019);
        smmu.write(half + n * page + 0x58, 4, secure, 0xFFFFFFFF);
      }
    }
  }

  std::mt19937_64 m_random{20160601};
};

TEST_F(NaiveRandomV2, EveryAccessEndsAndEveryRegisterCanBeReadBack) {
  unsigned kinds[4] = {};
  unsigned taken_up = 0;
  for (unsigned round = 0; round < 900; round++) {
    const Parameters parameters = random_parameters();
    Choices choices;
    choices.configuration_access_faults = sometimes(2);
    choices.retries_from_stream_mapping = sometimes(2);
    Tables memory(m_random);
    Smmu smmu(parameters, memory, choices);
    const uint64_t page = parameters.page_bytes();
    const uint64_t half = parameters.pages() * page;
    configure(smmu);
    for (unsigned step = 0; step < 400; step++) {
      const bool secure = sometimes(2);
      const unsigned bytes = sometimes(8) ? up_to(9) : sometimes(3) ? 8 : 4;
      switch (up_to(5)) {
        case 0: {
          const uint64_t offset =
              sometimes(3) ? (any() % (2 * half)) & ~uint64_t{3} : any() % 0x1000 & ~uint64_t{3};
          if (offset != 0 || sometimes(8)) smmu.write(offset, bytes, secure, any());
          smmu.read(offset, bytes, secure);
          break;
        }
        case 1: {
          const unsigned n = up_to(8);
          smmu.write(page + 4 * n, 4, secure, any());
          smmu.write(page + 0x800 + 4 * n, 4, secure, any());
          break;
        }
        case 2: {
          static constexpr unsigned offsets[] = {0x00, 0x08, 0x10, 0x20, 0x28,  0x30,
                                                 0x38, 0x3C, 0x58, 0x5C, 0x800, 0x818};
          const unsigned offset = offsets[up_to(11)];
          uint64_t value = any();
          if (offset == 0 && !sometimes(4)) value |= 1;
          if (offset == 0x30 && sometimes(2)) value = (value & 0xFFE0FFE0) | 0x00190019;
          smmu.write(half + up_to(8) * page + offset, offset == 0x20 || offset >= 0x800 ? 8 : 4, secure,
                     value);
          break;
        }
        default: {
          AccessRequest request;
          request.address = sometimes(2) ? any() : any() & 0x7FFFFFFF;
          request.StreamID = sometimes(2) ? uint32_t(any()) : up_to(8);
          request.SSD_Index = uint32_t(any());
          request.secure = sometimes(2);
          request.NS = sometimes(2);
          request.type = AccessType(up_to(2));
          request.privileged = sometimes(2);
          request.instruction = sometimes(2);
          request.attributes = uint8_t(any());
          if (sometimes(10)) request.unsupported = Unsupported(up_to(2));
          const Outcome outcome = smmu.access(request);
          kinds[unsigned(outcome.kind)]++;
          if (outcome.kind == Kind::forwarded) {
            EXPECT_FALSE(beyond(outcome.forwarded.address, parameters.oas_bits()));
          }
          break;
        }
      }
      if (!smmu.waiting().empty() && sometimes(4)) {
        const uint64_t bank = half + smmu.waiting().front().bank * page;
        if (!sometimes(4)) smmu.write(bank + 0x58, 4, true, 0xFFFFFFFF);
        smmu.write(bank + 0x08, 4, true, any());
      }
      for (const auto& [id, outcome] : smmu.take_finished()) {
        EXPECT_NE(outcome.kind, Kind::stalled);
        taken_up++;
      }
      EXPECT_LE(smmu.interrupts().context.size(), 128u);
    }
    smmu.reset();
    EXPECT_TRUE(smmu.waiting().empty());
  }
  for (unsigned kind : kinds) EXPECT_GT(kind, 300u);
  EXPECT_GT(taken_up, 200u);
}

// 7.3.3
TEST_F(NaiveRandomV2, ATransactionReachesBanksOfItsOwnSecurityStateAlone) {
  unsigned of_state[2] = {}, faults[2] = {};
  for (unsigned round = 0; round < 200; round++) {
    Parameters parameters = random_parameters();
    parameters.SES = true;
    parameters.NUMCB = parameters.NUMSMRG = 8;
    parameters.NUMS2CB = 0;
    Tables memory(m_random);
    Smmu smmu(parameters, memory);
    const uint64_t page = parameters.page_bytes();
    const uint64_t half = parameters.pages() * page;
    configure(smmu);
    smmu.write(4, 4, true, 0x00010404);  // groups and banks 4 to 7 are Secure
    auto faults_of = [&](bool secure) {
      std::vector<uint64_t> words{smmu.peek(secure ? 0x48 : 0x448, 4, true)};
      for (unsigned n = secure ? 4 : 0; n < (secure ? 8u : 4u); n++) {
        for (unsigned offset : {0x58u, 0x60u, 0x68u})
          words.push_back(smmu.peek(half + n * page + offset, 4, true));
      }
      return words;
    };
    for (unsigned step = 0; step < 200; step++) {
      AccessRequest request;
      request.address = any() & 0x7FFFFFFF;
      request.StreamID = up_to(8);
      request.SSD_Index = up_to(63);
      request.secure = sometimes(2);
      request.NS = sometimes(2);
      request.type = AccessType(up_to(2));
      bool secure = request.secure;
      if (parameters.SSDTP != 0) {
        const uint64_t index = truncate(request.SSD_Index, parameters.ssd_index_bits());
        secure = !bit(smmu.peek(4 * page + index / 32 * 4, 4, true), unsigned(index % 32));
        if (sometimes(8)) smmu.write(4 * page + index / 32 * 4, 4, true, any());
        secure = !bit(smmu.peek(4 * page + index / 32 * 4, 4, true), unsigned(index % 32));
      }
      for (unsigned n = 0; n < 8; n++) smmu.write(half + n * page + 0x58, 4, true, ~0u);
      for (unsigned offset : {0x48u, 0x448u}) smmu.write(offset, 4, true, ~0u);
      const auto own = faults_of(secure), other = faults_of(!secure);
      const Outcome outcome = smmu.access(request);
      EXPECT_EQ(faults_of(!secure), other);
      of_state[secure]++;
      faults[secure] += faults_of(secure) != own;
      if (outcome.kind == Kind::forwarded && !secure) {
        EXPECT_TRUE(outcome.forwarded.NS);
      }
    }
  }
  for (unsigned n : of_state) EXPECT_GT(n, 10000u);
  for (unsigned n : faults) EXPECT_GT(n, 300u);
}

TEST_F(NaiveRandomV2, NonSecureSoftwareChangesNoSecureState) {
  for (unsigned round = 0; round < 60; round++) {
    Parameters parameters;
    parameters.unknown = uint32_t(any());
    Tables memory(m_random);
    Smmu smmu(parameters, memory);
    smmu.write(4, 4, true, 0x00010A08);  // groups 10 and up, banks 8 and up are Secure
    const uint64_t half = parameters.pages() * parameters.page_bytes();
    auto secure_state = [&] {
      std::vector<uint64_t> words;
      for (uint64_t offset = 0; offset < 0x400; offset += 4) {
        const bool shared = offset >= 0x20 && offset < 0x40;
        if (!shared) words.push_back(smmu.read(offset, 4, true).value);
      }
      for (unsigned n = 10; n < 32; n++) {
        words.push_back(smmu.read(0x800 + 4 * n, 4, true).value);
        words.push_back(smmu.read(0xC00 + 4 * n, 4, true).value);
      }
      for (unsigned n = 8; n < 16; n++) {
        for (unsigned table : {0u, 0x400u, 0x800u})
          words.push_back(smmu.read(0x1000 + table + 4 * n, 4, true).value);
        for (unsigned offset = 0; offset < 0x80; offset += 4) {
          words.push_back(smmu.read(half + n * 0x1000 + offset, 4, true).value);
        }
      }
      for (unsigned n = 0; n < 8; n++) words.push_back(smmu.read(0x4000 + 4 * n, 4, true).value);
      return words;
    };
    const std::vector<uint64_t> before = secure_state();
    for (unsigned step = 0; step < 2000; step++) {
      smmu.write(any() % (2 * half) & ~uint64_t{3}, sometimes(3) ? 8 : 4, false, any());
      smmu.write(any() % 0x1000 & ~uint64_t{3}, 4, false, any());
    }
    EXPECT_EQ(secure_state(), before);
  }
}

}  // namespace
