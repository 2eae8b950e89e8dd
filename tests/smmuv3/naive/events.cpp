// SPDX-License-Identifier: MIT
//
// The layout of the records. The figures of 7.3 give the places of the fields; those of F_CD_FETCH,
// F_WALK_EABT and the Translation-related faults are as public drivers decode them (SSV 11, SubstreamID
// [31:12], StreamID [63:32], STAG and (unverified) F_UUT.Reason [79:64], Stall 95, PnU 97, InD 98, RnW 99,
// NSIPA 102 (unverified: two public models have it there), S2 103, CLASS [105:104], TTRnW 108, InputAddr
// [191:128], IPA or FetchAddr [247:192]).
#include "events.h"

#include "bits.h"

namespace naive_smmuv3 {

std::vector<uint8_t> Event::encode() const {
  uint64_t word[4] = {};
  word[0] = unsigned(number) | (uint64_t{StreamID} << 32);
  const uint64_t substream = uint64_t{SubstreamID & 0xFFFFF} << 12;
  const uint64_t ssv = uint64_t{1} << 11;
  const bool walk = number == EventNumber::F_WALK_EABT;
  switch (number) {
    case EventNumber::F_TRANSL_FORBIDDEN:
      break;  // 7.3.8: the figure shows neither SSV nor SubstreamID
    case EventNumber::F_STREAM_DISABLED:
      break;  // 7.3.7: StreamID alone (unverified: the figure's text shows nothing else)
    case EventNumber::C_BAD_SUBSTREAMID:
      word[0] |= substream;  // 7.3.9: always valid, there is no SSV
      break;
    default:
      if (SSV) word[0] |= ssv | substream;
      break;
  }
  if (number == EventNumber::F_UUT) {  // 7.3.2: RnW, InD and PnU stand where they do below
    word[1] |= (PnU ? uint64_t{1} << 33 : 0) | (InD ? uint64_t{1} << 34 : 0) | (RnW ? uint64_t{1} << 35 : 0);
    word[1] |= Reason;
    word[2] = InputAddr;
  }
  if (number == EventNumber::F_TRANSL_FORBIDDEN) {  // 7.3.8
    word[1] |= RnW ? uint64_t{1} << 35 : 0;
    word[2] = InputAddr;
  }
  if (number == EventNumber::F_BAD_ATS_TREQ) {
    // 7.3.6 names the fields; their places are unverified, and those of their like in E_PAGE_REQUEST: PRIV
    // 96, X 97, W 98, R 99, Span [115:108], InputAddr[63:12]
    word[1] |= (PnU ? uint64_t{1} << 32 : 0) | (InD ? uint64_t{1} << 33 : 0) | (RnW ? 0 : uint64_t{1} << 34);
    word[1] |= (uint64_t{1} << 35) | (uint64_t{Span & 0xFF} << 44);
    word[2] = keep(InputAddr, 63, 12);
  }
  if (walk || translation_related()) {
    word[1] |= (PnU ? uint64_t{1} << 33 : 0) | (InD ? uint64_t{1} << 34 : 0) | (RnW ? uint64_t{1} << 35 : 0);
    word[1] |= (S2 ? uint64_t{1} << 39 : 0) | (uint64_t{unsigned(CLASS)} << 40);
    word[2] = InputAddr;
  }
  if (translation_related()) {
    if (Stall) word[1] |= STAG | (uint64_t{1} << 31);
    if (number == EventNumber::F_PERMISSION && CLASS == FaultClass::TT && TTRnW) word[1] |= uint64_t{1} << 44;
    if (S2) {
      word[1] |= NSIPA ? uint64_t{1} << 38 : 0;
      word[3] = keep(IPA, 55, 12);
    }
  }
  if (walk || number == EventNumber::F_STE_FETCH || number == EventNumber::F_CD_FETCH ||
      number == EventNumber::F_VMS_FETCH) {
    word[3] = keep(FetchAddr, 55, 3);
  }
  std::vector<uint8_t> bytes;
  for (uint64_t value : word) {
    const std::vector<uint8_t> part = little_endian_bytes(value, 8);
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return bytes;
}

}  // namespace naive_smmuv3
