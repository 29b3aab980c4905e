/** A follow-up as people write them, and the question that it stands for. */
export interface FollowUp {
  earlier: string;
  /** The answer to the question before, where the follow-up points into it. */
  answer?: string;
  question: string;
  full: string;
}

export const FOLLOW_UPS_EN: FollowUp[] = [
  {
    earlier: 'How many days of annual leave do full-time staff get?',
    question: 'And for part-time staff?',
    full: 'How many days of annual leave do part-time staff get?',
  },
  {
    earlier: 'How many days of annual leave do full-time staff get?',
    question: 'What about interns?',
    full: 'How many days of annual leave do interns get?',
  },
  {
    earlier: 'How many days of annual leave do full-time staff get?',
    question: 'And sick leave?',
    full: 'How many days of sick leave do full-time staff get?',
  },
  {
    earlier: 'What is the daily allowance for trips to Shanghai?',
    question: 'and Beijing?',
    full: 'What is the daily allowance for trips to Beijing?',
  },
  {
    earlier: 'What is the hotel limit for domestic trips?',
    question: 'What about international trips?',
    full: 'What is the hotel limit for international trips?',
  },
  {
    earlier: 'What was the revenue of the company in 2023?',
    question: 'And in 2024?',
    full: 'What was the revenue of the company in 2024?',
  },
  {
    earlier: 'Who approves travel requests?',
    question: 'How about purchase requests?',
    full: 'Who approves purchase requests?',
  },
  {
    earlier: 'What is the warranty period of the X200 printer?',
    question: 'How much does it cost?',
    full: 'How much does the X200 printer cost?',
  },
  {
    earlier: 'What is the warranty period of the X200 printer?',
    question: 'What are its dimensions?',
    full: 'What are the dimensions of the X200 printer?',
  },
  {
    earlier: 'When was the Panama Canal opened?',
    question: 'How long is it?',
    full: 'How long is the Panama Canal?',
  },
  {
    earlier: 'When was the Panama Canal opened?',
    question: 'Who built it?',
    full: 'Who built the Panama Canal?',
  },
  {
    earlier: 'Who founded Midplane Industries?',
    answer: 'Midplane Industries was founded by Anna Keller. [1]',
    question: 'Where was she born?',
    full: 'Where was Anna Keller born?',
  },
  {
    earlier: 'Who leads the Aurora project?',
    answer: 'The Aurora project is led by James Okoro [2].',
    question: 'When did he join the company?',
    full: 'When did James Okoro join the company?',
  },
  {
    earlier: 'What did Nikola Tesla invent?',
    question: 'Where did he die?',
    full: 'Where did Nikola Tesla die?',
  },
  {
    earlier: 'How do I reset my password?',
    question: 'How long does that take?',
    full: 'How long does resetting my password take?',
  },
  {
    earlier: 'Can employees work from home on Fridays?',
    question: 'Who has to approve that?',
    full: 'Who has to approve working from home on Fridays?',
  },
  {
    earlier: 'What is the deadline for expense reports?',
    question: 'Why?',
    full: 'Why is there a deadline for expense reports?',
  },
  {
    earlier: 'What is the deadline for expense reports?',
    question: 'Are there any exceptions?',
    full: 'Are there exceptions to the deadline for expense reports?',
  },
  {
    earlier: 'Which documents are needed for a visa application?',
    question: 'Where do I submit them?',
    full: 'Where do I submit the documents for a visa application?',
  },
  {
    earlier: 'How often are passwords changed?',
    question: 'Since when?',
    full: 'Since when are passwords changed?',
  },
  {
    earlier: 'What does the Information Security Policy say about USB sticks?',
    question: 'And about laptops?',
    full: 'What does the Information Security Policy say about laptops?',
  },
  {
    earlier: 'Is overtime paid on weekdays?',
    question: 'On public holidays?',
    full: 'Is overtime paid on public holidays?',
  },
  {
    earlier: 'How much is the meal allowance?',
    question: 'Does this also apply to contractors?',
    full: 'How much is the meal allowance for contractors?',
  },
  {
    earlier: 'What is the notice period during probation?',
    question: 'And after probation?',
    full: 'What is the notice period after probation?',
  },
];

export const FOLLOW_UPS_ZH: FollowUp[] = [
  { earlier: '全职员工有多少天年假？', question: '那兼职员工呢？', full: '兼职员工有多少天年假？' },
  { earlier: '全职员工有多少天年假？', question: '实习生呢？', full: '实习生有多少天年假？' },
  { earlier: '全职员工有多少天年假？', question: '那病假呢？', full: '全职员工有多少天病假？' },
  { earlier: '去上海出差每天的补贴是多少？', question: '北京呢？', full: '去北京出差每天的补贴是多少？' },
  { earlier: '国内出差的住宿标准是多少？', question: '那国外出差呢？', full: '国外出差的住宿标准是多少？' },
  { earlier: '公司2023年的营业收入是多少？', question: '2024年呢？', full: '公司2024年的营业收入是多少？' },
  { earlier: '差旅申请由谁审批？', question: '那采购申请呢？', full: '采购申请由谁审批？' },
  { earlier: '星辰项目的负责人是谁？', question: '它什么时候开始的？', full: '星辰项目什么时候开始的？' },
  {
    earlier: '星辰项目的负责人是谁？',
    answer: '星辰项目的负责人是李明。[1]',
    question: '他什么时候入职的？',
    full: '李明什么时候入职的？',
  },
  { earlier: '巴拿马运河是哪一年开通的？', question: '它有多长？', full: '巴拿马运河有多长？' },
  { earlier: '年假申请流程是什么？', question: '这个流程需要多久？', full: '年假申请流程需要多久？' },
  { earlier: '报销需要哪些材料？', question: '为什么？', full: '报销需要材料是为什么？' },
  { earlier: '报销需要在多少天内提交？', question: '有例外吗？', full: '报销需要提交，有例外吗？' },
  {
    earlier: '《员工手册》对加班是怎么规定的？',
    question: '那对迟到呢？',
    full: '《员工手册》对迟到是怎么规定的？',
  },
  { earlier: '如何重置密码？', question: '需要多久？', full: '重置密码需要多久？' },
  { earlier: '工作日加班有加班费吗？', question: '法定节假日呢？', full: '法定节假日加班有加班费吗？' },
  { earlier: '试用期的通知期是多长？', question: '试用期之后呢？', full: '试用期之后的通知期是多长？' },
  { earlier: 'X200 打印机的保修期是多久？', question: '它的价格呢？', full: 'X200 打印机的价格是多少？' },
  { earlier: '居里夫人获得过哪些奖项？', question: '她出生在哪里？', full: '居里夫人出生在哪里？' },
  {
    earlier: '信息安全制度的适用范围是什么？',
    question: '该制度由哪个部门负责？',
    full: '信息安全制度由哪个部门负责？',
  },
  { earlier: '星河號飛船的長度是多少？', question: '它的船長是誰？', full: '星河號飛船的船長是誰？' },
  { earlier: 'VPN 怎么申请？', question: '谁来审批？', full: 'VPN 申请谁来审批？' },
  { earlier: '密码至少要几位？', question: '多久要换一次？', full: '密码多久要换一次？' },
  { earlier: '餐补标准是多少？', question: '对外包人员也适用吗？', full: '餐补标准对外包人员也适用吗？' },
];

/** Questions that need nothing of the conversation before them, whatever it was about. */
export const STANDALONE_EN = [
  'What is Kubernetes?',
  'Who was Nikola Tesla?',
  'How many days of parental leave do employees get?',
  'Is it possible to carry over annual leave to the next year?',
  'What is the hotel limit for trips to Berlin?',
  'Where did Tesla say he would build his laboratory?',
  'Which university did Marie Curie teach at before she moved to Paris?',
  'How long does it take to process an expense report?',
  'What happens if an employee loses their access card?',
  'When was the Panama Canal opened?',
  'How many public holidays are there in Germany?',
  'What is the limit for hotel costs?',
  'Which documents does a visa application need?',
];

export const STANDALONE_ZH = [
  '什么是年假？',
  '公司的总部在哪里？',
  '其他部门的员工可以申请远程办公吗？',
  '员工应该怎么申请年假？',
  '居里夫人在她丈夫去世后做了什么工作？',
  '请介绍一下差旅报销制度。',
  '非常重要的文件应当如何保管？',
  '报销单丢失后应该怎么办？',
  'Kubernetes 是什么？',
  '其中一半以上的奖金什么时候发放给销售人员？',
  '有多少员工参加了培训？',
  '比亚迪的总部在哪里？',
  '最后交易日是哪一天？',
];
